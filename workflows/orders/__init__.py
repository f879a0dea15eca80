"""The flow of a request."""
