"""Calendars and a video service, as tests need them."""
