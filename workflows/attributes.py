"""Search attributes of runs that began before December 2026 (docs/decisions/0049-no-search-attributes.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from domain.escalation.deadlines import Deadline

STATUS = SearchAttributeKey.for_keyword("AfterwordStatus")
TEAMS = SearchAttributeKey.for_keyword_list("AfterwordTeams")
NEXT_DEADLINE = SearchAttributeKey.for_datetime("AfterwordNextDeadline")


@dataclass(frozen=True, slots=True)
class Attributes:
    status: str
    teams: tuple[str, ...]
    next_deadline: datetime | None

    @classmethod
    def of(cls, status: str, teams: Sequence[str], deadline: Deadline | None) -> "Attributes":
        return cls(str(status), tuple(teams), deadline.at if deadline else None)

    def updates(self) -> list[SearchAttributeUpdate[Any]]:
        deadline = self.next_deadline
        return [
            STATUS.value_set(self.status),
            TEAMS.value_set(self.teams) if self.teams else TEAMS.value_unset(),
            NEXT_DEADLINE.value_set(deadline.astimezone(UTC)) if deadline else NEXT_DEADLINE.value_unset(),
        ]
