"""Incidents: what happened, whether it needs a postmortem, and opening one."""
