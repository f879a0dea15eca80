"""KIV tasks as tickets of other systems: what those say about them, by the API or by mail."""
