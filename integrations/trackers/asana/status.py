"""Where a task stands, as ours, and what has to change for it to stand where it should.

Asana knows done and not done; the rest is told by a name: of the section, of an option, or of a tag.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from domain.errors import StatusUnreachable
from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.ticket import TicketChange
from integrations.trackers.asana.answers import Named, Task
from integrations.trackers.asana.settings import AsanaConfig

LABEL = "Asana"
Places = Callable[[], Sequence[Named]]


@dataclass(frozen=True, slots=True)
class Move:
    """What has to change for a task to stand where it should; ``tag`` is a name, ``untag`` are gids."""

    completed: bool | None = None
    place: Named | None = None
    clear: bool = False
    tag: str | None = None
    untag: tuple[str, ...] = ()

    def unless_empty(self, place: Named | None) -> "Move | None":
        """Without a place that the task is in already."""
        here = self.place is not None and place is not None and self.place.gid == place.gid
        move = Move(self.completed, None if here else self.place, self.clear, self.tag, self.untag)
        return None if move == Move() else move

    def data(self, task: Task, status_field: str) -> dict[str, object]:
        data: dict[str, object] = {}
        if self.completed is not None and self.completed != task.completed:
            data["completed"] = self.completed
        if status_field and (self.place is not None or self.clear):
            data["custom_fields"] = {status_field: self.place.gid if self.place else None}
        return data


def wanted_standing(change: TicketChange) -> Standing | None:
    if change.state is None:
        return None
    if change.state is TicketState.DONE:
        return Standing(TicketState.DONE, CloseReason.COMPLETED)
    if change.state is TicketState.CANCELLED:
        duplicate = change.reason is CloseReason.DUPLICATE
        return Standing(TicketState.CANCELLED, CloseReason.DUPLICATE if duplicate else CloseReason.NOT_PLANNED)
    return Standing(change.state)


def lower_names(names: Iterable[str]) -> set[str]:
    return {lower_name(name) for name in names if name}


def lower_name(name: str) -> str:
    return name.lower().replace("\u2019", "'")


class StatusMapping:
    """The names of sections, options and tags that a connection's settings give a meaning.

    ``projects`` are the connection's: the section of a task in one of them counts first.
    """

    def __init__(self, config: AsanaConfig, projects: Sequence[str]) -> None:
        self._config = config
        self._projects = projects

    def _place(self, task: Task) -> Named | None:
        """Its option in the status field, or its section in the connection's project, else in the first it is in."""
        if self._config.status_field:
            chosen = [one.enum_value for one in task.custom_fields if one.gid == self._config.status_field]
            return chosen[0] if chosen else None
        ours = [one for one in task.memberships if one.project and one.project.gid in self._projects]
        return next((one.section for one in ours or task.memberships if one.section), None)

    def _words(self, task: Task) -> set[str]:
        place = self._place(task)
        return {*lower_names(tag.name for tag in task.tags), *(lower_names([place.name]) if place else ())}

    def standing(self, task: Task) -> Standing:
        return self._standing_by(task.completed, self._words(task))

    def _standing_by(self, completed: bool, words: set[str]) -> Standing:
        if not completed:
            place_is_started = words & lower_names(self._config.started)
            return Standing(TicketState.STARTED if place_is_started else TicketState.OPEN)
        if words & lower_names(self._config.duplicate):
            return Standing(TicketState.CANCELLED, CloseReason.DUPLICATE)
        if words & lower_names(self._config.cancelled):
            return Standing(TicketState.CANCELLED, CloseReason.NOT_PLANNED)
        return Standing(TicketState.DONE, CloseReason.COMPLETED)

    def status(self, task: Task) -> str:
        """The name that says most: what it was dropped as, that it is completed, or where it is."""
        place = self._place(task)
        if not task.completed:
            return place.name if place else "Incomplete"
        names = [place.name if place else "", *(tag.name for tag in task.tags)]
        told = lower_names((*self._config.duplicate, *self._config.cancelled))
        return next((name for name in names if lower_name(name) in told), "Completed")

    def move(self, task: Task, change: TicketChange, places: Places) -> Move | None:
        """None where nothing has to change. ``places`` are those it may be put into, asked for only where they matter.

        Raises ``StatusUnreachable``.
        """
        wanted = wanted_standing(change)
        if wanted is None:
            return None
        if wanted.state is TicketState.STARTED and not self._config.started:
            wanted = Standing(TicketState.OPEN)
        now = self.standing(task)
        place = self._place(task)
        named = lower_name(change.status) if change.status else None
        there = named in {None, lower_name(self.status(task)), lower_name(place.name) if place else None}
        other_reason = change.reason is not None and now.reason is not wanted.reason
        if now.state is wanted.state and there and not other_reason:
            return None
        completed = wanted.state.is_closed if wanted.state.is_closed != task.completed else None
        untag = self._stale_tags(task, wanted)
        left = self._words(task) - lower_names(tag.name for tag in task.tags if tag.gid in untag)
        target = _named(places, named)
        if target is not None:
            left = left - (lower_names([place.name]) if place else set()) | lower_names([target.name])
        if self._standing_by(wanted.state.is_closed, left) == wanted or target is not None:
            return Move(completed, target, untag=untag).unless_empty(place)
        found = self._found_place(places(), wanted)
        if found is not None:
            return Move(completed, found, untag=untag)
        if wanted.state is TicketState.CANCELLED:
            return Move(completed, tag=self._reason_names(wanted)[0], untag=untag)
        if wanted.state is TicketState.STARTED:
            what = "option of the status field" if self._config.status_field else "section of its project"
            detail = f"no {what} is named {' or '.join(self._config.started)}."
            raise StatusUnreachable(
                tracker=LABEL, key=task.gid, status=change.status or self._config.started[0], detail=detail
            )
        return Move(completed, clear=bool(self._config.status_field), untag=untag)

    def _stale_tags(self, task: Task, wanted: Standing) -> tuple[str, ...]:
        """Tags that would say something else than what is wanted."""
        told = lower_names((*self._config.cancelled, *self._config.duplicate))
        keep = lower_names(self._reason_names(wanted)) if wanted.state is TicketState.CANCELLED else set()
        return tuple(tag.gid for tag in task.tags if lower_name(tag.name) in told - keep)

    def _reason_names(self, wanted: Standing) -> tuple[str, ...]:
        duplicate = wanted.reason is CloseReason.DUPLICATE
        names = self._config.duplicate if duplicate else self._config.cancelled
        return names or (("Duplicate",) if duplicate else ("Won't do",))

    def _found_place(self, places: Sequence[Named], wanted: Standing) -> Named | None:
        config = self._config
        names = {
            TicketState.OPEN: config.opened,
            TicketState.STARTED: config.started,
            TicketState.DONE: config.done,
            TicketState.CANCELLED: self._reason_names(wanted),
        }[wanted.state]
        for name in names:
            for one in places:
                if lower_name(one.name) == lower_name(name):
                    return one
        if wanted.state in {TicketState.STARTED, TicketState.CANCELLED} or config.status_field:
            return None
        telling = lower_names((*config.started, *config.cancelled, *config.duplicate))
        return next((one for one in places if lower_name(one.name) not in telling), None)


def _named(places: Places, name: str | None) -> Named | None:
    if name is None:
        return None
    return next((one for one in places() if lower_name(one.name) == name), None)
