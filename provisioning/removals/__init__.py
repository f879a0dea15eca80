"""A removal from its start to the proof that nothing is left."""
