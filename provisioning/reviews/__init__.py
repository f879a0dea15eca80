"""Reviews: begun, asked about, decided, ended."""
