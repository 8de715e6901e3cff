"""What outsiders and saved histories rely on by name. These names stay when code moves."""
