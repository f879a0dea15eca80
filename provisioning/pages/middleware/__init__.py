"""What happens around each page."""
