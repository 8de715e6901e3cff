"""Rules about connections to other systems: their health, and which account each person has there."""
