"""Pages of the audit log: of one postmortem, and of the whole organization."""
