"""The page of figures: words, plots, and the same as CSV."""
