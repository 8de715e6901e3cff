"""Jira's status as ours: by the category of the status, and by what its resolution is called.

A name of a resolution or status that means that the work was not done comes from the connection's settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.trackers.jira.answers import Named, Status

DONE = "done"
CATEGORIES = {TicketState.OPEN: "new", TicketState.STARTED: "indeterminate"}
_STATES = {"new": TicketState.OPEN, "undefined": TicketState.OPEN, "indeterminate": TicketState.STARTED}
DUPLICATE = "duplicate"


def plain(name: str) -> str:
    """A name as it is compared: letters' case and the kind of apostrophe tell nothing."""
    return " ".join(name.replace("\u2019", "'").casefold().split())


class Reading(StrEnum):
    """What a resolution, or the name of a closed status, means."""

    DONE = "done"
    NOT_DONE = "won't do"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class StatusMapping:
    """Resolutions and statuses that mean that the work was not done: by their names, in whichever language the account
    reads, and resolutions also by their numbers, which are the same in all."""

    not_done: tuple[str, ...]
    duplicates: tuple[str, ...] = ()

    def standing(self, status: Status, resolution: Named | None) -> Standing:
        """By the status's category; what is done was cancelled if its resolution, or its status, says so."""
        if status.category.key != DONE:
            return Standing(_STATES.get(status.category.key, TicketState.OPEN))
        said = {self.reading_of_status(status.name), *([self.reading(resolution)] if resolution else [])}
        if said == {Reading.DONE}:
            return Standing(TicketState.DONE, CloseReason.COMPLETED)
        duplicate = Reading.DUPLICATE in said
        return Standing(TicketState.CANCELLED, CloseReason.DUPLICATE if duplicate else CloseReason.NOT_PLANNED)

    def reading(self, one: Named) -> Reading:
        """Of a resolution."""
        if _is_among(one, self.duplicates) or DUPLICATE in plain(one.name):
            return Reading.DUPLICATE
        return Reading.NOT_DONE if _is_among(one, self.not_done) else Reading.DONE

    def reading_of_status(self, name: str) -> Reading:
        """By its name alone: its number may be that of a resolution."""
        return self.reading(Named(name=name))

    def rank(self, one: Named) -> int:
        """Its place in the administrator's list: the first is preferred."""
        places = [place for place, name in enumerate(self.not_done) if _is_among(one, (name,))]
        return places[0] if places else len(self.not_done)


def _is_among(one: Named, names: tuple[str, ...]) -> bool:
    return any(name == one.id or plain(name) == plain(one.name) for name in names)


def described(mapping: StatusMapping, resolutions: Sequence[Named]) -> str:
    """How each is read: ``won't do: Won't Do (10001); duplicate: …``."""
    words = []
    for meaning in Reading:
        names = ", ".join(f"{one.name} ({one.id})" for one in resolutions[:20] if mapping.reading(one) is meaning)
        words += [f"{meaning.value}: {names}"] if names else []
    return f"{'; '.join(words)}."
