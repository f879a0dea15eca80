"""The states of a case and the moves between them."""
