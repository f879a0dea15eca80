"""Differences between rights and directory: recorded, settled, told."""
