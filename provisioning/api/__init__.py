"""The API for other systems: the same operations and the same rules of who may see what as the pages use."""
