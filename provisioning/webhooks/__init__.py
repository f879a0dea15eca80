"""Telling other systems what has happened: signed, at least once, in order for each case."""
