"""Pages of escalation: policies, what a change means for open postmortems, and when reminders would be sent."""
