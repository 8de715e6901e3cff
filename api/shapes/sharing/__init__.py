"""What is asked and answered about sharing with the outside."""
