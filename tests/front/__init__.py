"""Tests of the building blocks that pages are made of."""
