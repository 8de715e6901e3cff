"""Documents: exports from a postmortem's page."""
