"""An order from draft to its end: one file for each act."""
