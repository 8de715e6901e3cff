"""SQL about the chat front end."""
