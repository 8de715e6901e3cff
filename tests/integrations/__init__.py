"""Vendors: real peers and recorded bytes. Nobody mocks HTTP above this room."""
