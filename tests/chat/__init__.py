"""The Slack front end: a whole Afterword next to an emulated Slack."""
