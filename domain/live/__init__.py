"""What is told to open pages and programs while they wait: which things changed, and who is here."""
