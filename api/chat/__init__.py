"""HTTP about the Slack front end."""
