"""Incidents and the postmortems they have."""

from domain.errors.refusal import ConflictingState


class IncidentNotResolved(ConflictingState):
    title = "The incident isn't resolved"
    says = "The incident is {status!w}. Resolve it before you start its postmortem."


class PostmortemsDisabled(ConflictingState):
    title = "Postmortems are switched off"
    says = (
        "Postmortems are switched off for {whom}. Ask an administrator to switch them on in Settings, under"
        " Postmortems or Teams."
    )


class PostmortemExists(ConflictingState):
    title = "This incident already has a postmortem"
    says = "The incident '{incident_id}' already has a postmortem. Edit that one instead of starting another."
