"""Pages where people act: each asks the directory first, then carries out one step of the flow."""
