"""Orders for many: what was pasted or sent as a file, looked up together, placed line by line."""
