"""Ticket sync: twenty named cases for every tracker that has a peer, and random schedules."""
