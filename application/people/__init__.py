"""People, teams and services: adding, changing, and checking references to them."""
