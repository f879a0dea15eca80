"""Forms that come back filled in as they were left."""
