"""The chat front end: a whole Afterword beside an emulated Slack."""
