"""Use cases of incidents: taking in reports, deciding whether one needs a postmortem, opening it and linking it."""
