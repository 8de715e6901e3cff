"""Activities about notices, digests, and the channels that deliver them."""
