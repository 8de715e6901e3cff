"""The JSON API of policies, timing targets, and who is reminded when."""
