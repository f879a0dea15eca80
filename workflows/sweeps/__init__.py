"""Work by the clock: find what is due, do each in a transaction of its own."""
