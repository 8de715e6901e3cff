"""Use cases of action items: adding and changing them, commands to their workflows, and following a ticket."""
