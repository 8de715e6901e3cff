"""What outsiders and saved histories rely on by name, as it was before the code moved: names of the wire stay."""
