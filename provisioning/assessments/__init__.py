"""Looking at the directory and assessing now; the verdict as stored data."""
