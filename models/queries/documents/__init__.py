"""SQL for documents: a whole postmortem as one reader may see it."""
