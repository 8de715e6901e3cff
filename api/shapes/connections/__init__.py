"""Request and response shapes of connections to other systems."""
