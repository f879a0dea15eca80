"""What the operators have to look after: recorded, told, settled."""
