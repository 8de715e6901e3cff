"""Shapes of requests and answers that the JSON API and the pages share."""
