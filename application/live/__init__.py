"""Who is on a postmortem's page, and how that is told to others."""
