"""A person's own notices: how they come, what they say, and what has been told."""
