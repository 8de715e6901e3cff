"""How action items are projected into one connection's tracker: where to, in which words, and who wins.

A connection keeps this beside its settings, and an administrator may change it; what is left out has a sensible
default by the category of a status.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.action_items.action_item import ActionItemStatus


class TicketField(StrEnum):
    """A field that is kept in sync."""

    TITLE = "title"
    BODY = "body"
    STATUS = "status"
    ASSIGNEE = "assignee"
    DUE = "due"


class Winner(StrEnum):
    """Whose value to keep if both sides changed a field."""

    OURS = "ours"
    THEIRS = "theirs"


WINNERS: Mapping[TicketField, Winner] = {
    TicketField.TITLE: Winner.OURS,
    TicketField.BODY: Winner.OURS,
    TicketField.STATUS: Winner.THEIRS,
    TicketField.ASSIGNEE: Winner.THEIRS,
    TicketField.DUE: Winner.OURS,
}
"""Unless the connection says otherwise."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the items of a team's or a service's postmortems go; both None is everything else.

    ``project`` and ``issue_type`` are the tracker's names or ids, None the connection's own.
    """

    team_id: str | None = None
    service_id: str | None = None
    project: str | None = None
    issue_type: str | None = None


@dataclass(frozen=True, slots=True)
class Projection:
    """``statuses``: our status to the tracker's name for it; ``names``: a tracker's name, in lower case, to our
    status, before its category is asked. ``fields``: values for what the tracker requires, by its field id. ``labels``
    are put on each ticket that we make.
    """

    statuses: Mapping[ActionItemStatus, str] = field(default_factory=dict)
    names: Mapping[str, ActionItemStatus] = field(default_factory=dict)
    winners: Mapping[TicketField, Winner] = field(default_factory=dict)
    destinations: tuple[Destination, ...] = ()
    fields: Mapping[str, object] = field(default_factory=dict)
    labels: tuple[str, ...] = ()

    def winner(self, name: TicketField) -> Winner:
        return self.winners.get(name, WINNERS[name])

    def destination(self, team_ids: tuple[str, ...], service_ids: tuple[str, ...]) -> Destination:
        """The service's, else the team's, else what holds for everything."""
        for one in self.destinations:
            if one.service_id is not None and one.service_id in service_ids:
                return one
        for one in self.destinations:
            if one.service_id is None and one.team_id is not None and one.team_id in team_ids:
                return one
        rest = (one for one in self.destinations if one.service_id is None and one.team_id is None)
        return next(rest, Destination())


def read_projection(kept: Mapping[str, Any]) -> Projection:
    """What a connection keeps, as the API took it (``api.shapes.projections``): camelCase, what was left out
    missing."""
    return Projection(
        statuses={ActionItemStatus(ours): str(theirs) for ours, theirs in kept.get("statuses", {}).items()},
        names={str(theirs).lower(): ActionItemStatus(ours) for theirs, ours in kept.get("names", {}).items()},
        winners={TicketField(one): Winner(who) for one, who in kept.get("winners", {}).items()},
        destinations=tuple(
            Destination(one.get("teamId"), one.get("serviceId"), one.get("project"), one.get("issueType"))
            for one in kept.get("destinations", ())
        ),
        fields=dict(kept.get("fields", {})),
        labels=tuple(kept.get("labels", ())),
    )
