"""Incidents and the postmortems they have."""

from domain.errors.refusal import ConflictingState


class IncidentNotResolved(ConflictingState):
    title = "The incident isn't resolved"
    says = "The incident is {status!w}. Resolve it before you start its postmortem."


class PostmortemExists(ConflictingState):
    title = "This incident already has a postmortem"
    says = "The incident '{incident_id}' already has a postmortem. Edit that one instead of starting another."
