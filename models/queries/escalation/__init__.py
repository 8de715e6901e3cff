"""SQL about policies, timing targets, and who is reminded when."""
