"""The JSON API of notices, digests, and the channels that deliver them."""
