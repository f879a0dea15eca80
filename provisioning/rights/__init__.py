"""The rights that exist: given, looked up, ended."""
