"""SQL about the Slack front end."""
