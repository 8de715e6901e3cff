"""Where a Jira issue stands, and the way from there to where it should stand.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-get

Jira shows the transitions from the status an issue has now, and no others. A whole workflow is shown to those who may
administer it: with that map the shortest way is known before the first step; without it, each step goes to a status
not seen yet. Neither ever enters a status of the category "done" that is not the wanted one.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from domain.tickets.status import CloseReason, TicketState
from integrations.trackers.jira.answers import Named, ScreenField, Status, Transition, Workflows
from integrations.trackers.jira.status import CATEGORIES, DONE, Reading, StatusMapping, plain

_MAP_CATEGORIES = {"TODO": "new", "IN_PROGRESS": "indeterminate", "DONE": DONE}
_COMPLETED = ("done", "fixed", "completed", "resolved")


@dataclass(frozen=True, slots=True)
class Goal:
    """Where the issue should stand; ``status`` is the name to be tried before others of that category."""

    state: TicketState
    reason: CloseReason | None
    status: str | None
    mapping: StatusMapping

    def holds(self, status: Status, resolution: Named | None) -> bool:
        """Whether it stands there already: in the status of that name, or anywhere that means the same."""
        return self.is_named(status.name) or self.mapping.standing(status, resolution).state is self.state

    def is_named(self, name: str) -> bool:
        return self.status is not None and plain(name) == plain(self.status)

    @property
    def category(self) -> str:
        return CATEGORIES.get(self.state, DONE)

    def resolution(self, allowed: Iterable[JsonValue]) -> dict[str, JsonValue] | None:
        """The one of these that fits best."""
        known = [one for one in allowed if isinstance(one, dict) and "id" in one]
        named = [Named(id=str(one["id"]), name=str(one.get("name", ""))) for one in known]
        fits = [one for one in named if (self.mapping.reading(one) is Reading.DONE) is self._is_done]
        best = min(fits, key=self._rank, default=None)
        return {"id": best.id} if best else None

    @property
    def _is_done(self) -> bool:
        return self.state is TicketState.DONE

    def _rank(self, one: Named) -> int:
        name = plain(one.name)
        if self._is_done:
            return _COMPLETED.index(name) if name in _COMPLETED else len(_COMPLETED)
        if (self.mapping.reading(one) is Reading.DUPLICATE) is (self.reason is CloseReason.DUPLICATE):
            return self.mapping.rank(one)
        return len(self.mapping.not_done) + 1


@dataclass(frozen=True, slots=True)
class Step:
    """A transition and what its screen gets."""

    transition: Transition
    fields: dict[str, JsonValue]


def steps(transitions: Iterable[Transition], goal: Goal) -> Iterator[Step]:
    """Those that can be taken: nothing on their screens is required that we do not know."""
    for one in transitions:
        if not one.available:
            continue
        unknown = [name for name, screen in one.fields.items() if name != "resolution" and _is_needed(screen)]
        screen = one.fields.get("resolution")
        chosen = goal.resolution(screen.allowed) if screen and one.to.category.key == DONE else None
        if unknown or (screen and chosen is None and _is_needed(screen)):
            continue
        yield Step(one, {"resolution": chosen} if chosen else {})


def _is_needed(screen: ScreenField) -> bool:
    return screen.required and not screen.has_default


def last_step(found: Sequence[Step], goal: Goal, *, by_name: bool) -> Step | None:
    """The one that ends where the issue should stand; ``by_name``: in the status of the wanted name only."""
    fits = [step for step in found if _ends(step, goal)]
    named = next((step for step in fits if goal.is_named(step.transition.to.name)), None)
    if named is not None or by_name:
        return named
    duplicate = goal.reason is CloseReason.DUPLICATE
    mapping = goal.mapping
    alike = [
        step for step in fits if (mapping.reading_of_status(step.transition.to.name) is Reading.DUPLICATE) is duplicate
    ]
    return next(iter([*alike, *fits]), None)


def _ends(step: Step, goal: Goal) -> bool:
    status, chosen = step.transition.to, step.fields.get("resolution")
    if goal.is_named(status.name):
        return True
    if status.category.key != DONE or goal.category != DONE:
        return goal.mapping.standing(status, None).state is goal.state
    by_status = goal.mapping.reading_of_status(status.name) is not Reading.DONE
    if goal.state is TicketState.DONE:
        return not by_status
    return by_status or chosen is not None


def next_step(found: Sequence[Step], goal: Goal, seen: set[str]) -> Step | None:
    """A status not seen yet and not done, without a map: what is being worked on is nearer to the end."""
    order = ["indeterminate", "new"] if goal.category == DONE else ["new", "indeterminate"]
    fresh = [
        one
        for one in found
        if one.transition.to.id not in seen and one.transition.to.category.key in {*order, "undefined"}
    ]
    rank = {name: place for place, name in enumerate(order)}
    return min(fresh, key=lambda one: rank.get(one.transition.to.category.key, len(rank)), default=None)


@dataclass(frozen=True, slots=True)
class Map:
    """A workflow: ids of statuses, and where each leads."""

    categories: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    ways: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Workflows) -> "Map | None":
        """None where there is not exactly one workflow."""
        if len(answer.workflows) != 1:
            return None
        ids = {one.reference: one.id or one.reference for one in answer.statuses}
        here = {ids[one.reference] for one in answer.workflows[0].statuses if one.reference in ids}
        found = cls(
            categories={ids[one.reference]: _MAP_CATEGORIES.get(one.category, "") for one in answer.statuses},
            names={ids[one.reference]: one.name for one in answer.statuses},
            ways={one: [] for one in here},
        )
        for way in answer.workflows[0].transitions:
            target = ids.get(way.target)
            if target is None or way.type.upper() == "INITIAL":
                continue
            sources = here if way.type.upper() == "GLOBAL" else {ids.get(one, "") for one in way.sources}
            for source in sources & here:
                found.ways[source].append(target)
        return found

    def way(self, start: str, goal: Goal, *, by_name: bool) -> list[str] | None:
        """Ids of the statuses on the shortest way, the last one where the issue should stand; None: there is none.

        It has two steps or more: an end at hand that was not taken cannot be taken.
        """
        before: dict[str, str | None] = {start: None}
        waiting = deque([start])
        while waiting:
            here = waiting.popleft()
            for there in self.ways.get(here, []):
                ends = self._is_goal(there, goal, by_name=by_name)
                if there in before or (ends and here == start):
                    continue
                before[there] = here
                if ends:
                    return _walked(before, there)
                if self.categories.get(there) != DONE:
                    waiting.append(there)
        return None

    def _is_goal(self, status: str, goal: Goal, *, by_name: bool) -> bool:
        if by_name:
            return goal.is_named(self.names.get(status, ""))
        means = goal.mapping.reading_of_status(self.names.get(status, ""))
        if goal.state is TicketState.DONE and means is not Reading.DONE:
            return False
        return self.categories.get(status) == goal.category


def _walked(before: dict[str, str | None], last: str) -> list[str]:
    way = [last]
    while (previous := before[way[-1]]) is not None:
        way.append(previous)
    return way[-2::-1]
