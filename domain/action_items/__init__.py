"""Rules about action items: one owner, a due date, a status."""
