"""Takes an issue through its workflow, one transition after the other (see ``integrations.trackers.jira.workflow``)."""

from collections.abc import Sequence
from functools import cached_property

from pydantic import JsonValue

from domain.errors import DomainError
from domain.tickets.status import TicketState
from integrations.tracker import TrackerUnavailable
from integrations.trackers.jira.answers import Issue, Transitions, Workflows
from integrations.trackers.jira.site import Forbidden, JiraSite, Unseen
from integrations.trackers.jira.status import DONE
from integrations.trackers.jira.workflow import Goal, Map, Step, last_step, next_step, steps

FARTHEST = 10
"""How many transitions are taken to reach a status."""


class Walk:
    """Raises what :meth:`JiraSite.send` raises."""

    def __init__(self, site: JiraSite, issue: Issue, goal: Goal) -> None:
        self._site = site
        self._issue = issue
        self._goal = goal
        self._path = f"/rest/api/3/issue/{issue.id}/transitions"
        self._start = self._here = issue.fields.status
        self._seen = {self._here.id}

    def go(self) -> bool:
        """Whether the end was reached. If not, the issue stands where it stood, if a transition leads back."""
        for _ in range(FARTHEST):
            found = self._steps(self._goal)
            step, is_last = self._chosen(found)
            if step is None:
                break
            self._take(step)
            if is_last:
                return True
            self._here = step.transition.to
            self._seen.add(self._here.id)
        self._go_back()
        return False

    def _chosen(self, found: Sequence[Step]) -> tuple[Step | None, bool]:
        """The step to take, and whether it is the last. The status of the wanted name comes first, where the map
        shows a way; without a map nobody wanders about for a name if another status of its category is at hand."""
        goal = self._goal
        if goal.status is not None:
            named = last_step(found, goal, by_name=True)
            if named is not None:
                return named, True
            onward = self._towards(found, by_name=True)
            if onward is not None:
                return onward, False
        last = last_step(found, goal, by_name=False)
        if last is not None:
            return last, True
        if self._map is None:
            return next_step(found, goal, self._seen), False
        return self._towards(found, by_name=False), False

    def _towards(self, found: Sequence[Step], *, by_name: bool) -> Step | None:
        way = self._map.way(self._here.id, self._goal, by_name=by_name) if self._map else None
        return next((step for step in found if way and step.transition.to.id == way[0]), None)

    @cached_property
    def _map(self) -> Map | None:
        """The whole workflow, for those who may see it; asked for only where no transition leads to the end at once."""
        fields = self._issue.fields
        pair: JsonValue = {"projectId": fields.project.id, "issueTypeId": fields.type.id}
        body: JsonValue = {"projectAndIssueTypes": [pair]}
        try:
            return Map.of(self._site.ask(Workflows, "POST", "/rest/api/3/workflows", body=body))
        except (Unseen, Forbidden, DomainError, TrackerUnavailable):
            return None

    def _steps(self, goal: Goal) -> list[Step]:
        query = {"expand": "transitions.fields"}
        return list(steps(self._site.ask(Transitions, "GET", self._path, query).transitions, goal))

    def _take(self, step: Step) -> None:
        body: dict[str, JsonValue] = {"transition": {"id": step.transition.id}}
        if step.fields:
            body["fields"] = dict(step.fields)
        self._site.send("POST", self._path, body=body)

    def _go_back(self) -> None:
        if self._here.id == self._start.id or self._start.category.key == DONE:
            return
        back = Goal(TicketState.OPEN, None, self._start.name, self._goal.mapping)
        step = next((one for one in self._steps(back) if one.transition.to.id == self._start.id), None)
        if step is not None:
            self._take(step)
