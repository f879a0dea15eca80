"""Tests of the pure rules; none of them needs Django or a directory."""
