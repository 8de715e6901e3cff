"""Whole stories through HTTP: what people and vendors do on good and bad days, whatever is killed meanwhile."""
