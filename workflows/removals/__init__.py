"""The flow of a removal."""
