"""What a request and a removal share."""
