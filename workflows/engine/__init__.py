"""viewflow, fitted to this house."""
