"""Jira's status as ours: by the category of the status, and by what its resolution is called.

A name of a resolution or status that means that the work was not done comes from the connection's settings.
"""

from dataclasses import dataclass

from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.trackers.jira.answers import Named, Status

DONE = "done"
CATEGORIES = {TicketState.OPEN: "new", TicketState.STARTED: "indeterminate"}
_STATES = {"new": TicketState.OPEN, "undefined": TicketState.OPEN, "indeterminate": TicketState.STARTED}
DUPLICATE = "duplicate"


def plain(name: str) -> str:
    """A name as it is compared: letters' case and the kind of apostrophe tell nothing."""
    return " ".join(name.replace("\u2019", "'").casefold().split())


@dataclass(frozen=True, slots=True)
class StatusMapping:
    """Names of resolutions and statuses that mean that the work was not done."""

    not_done: tuple[str, ...]

    def standing(self, status: Status, resolution: Named | None) -> Standing:
        """By the status's category; what is done was cancelled if its resolution, or its status, says so."""
        if status.category.key != DONE:
            return Standing(_STATES.get(status.category.key, TicketState.OPEN))
        said = [plain(status.name), *([plain(resolution.name)] if resolution else [])]
        if not any(self.means_not_done(name) for name in said):
            return Standing(TicketState.DONE, CloseReason.COMPLETED)
        duplicate = any(DUPLICATE in name for name in said)
        return Standing(TicketState.CANCELLED, CloseReason.DUPLICATE if duplicate else CloseReason.NOT_PLANNED)

    def means_not_done(self, name: str) -> bool:
        said = plain(name)
        return any(said == plain(one) for one in self.not_done) or DUPLICATE in said
