"""Use cases of escalation: policies, timing targets, and the reminders that are sent."""
