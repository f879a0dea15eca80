"""A unit with its people: who has which access there, and why not."""
