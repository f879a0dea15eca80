"""Figures about the work: how long it takes, where it sticks, how often it is right at once. No persons."""
