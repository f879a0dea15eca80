"""What differs between rights and directory."""
