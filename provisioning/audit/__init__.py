"""The event log: what happened, signed into a chain that can be verified anywhere."""
