"""The JSON API of API tokens and sign-in links."""
