"""Links for outsiders: what each kind shows, and when it may be created.

Source: "Documents, sharing, archives" of the specification. What suspends a link is repeated in SQL by
``models.queries.sharing.public``, which reads it with what it shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.access import Visibility
from domain.errors import Fact, NotShareable, reason
from domain.postmortems.lifecycle import Status


class ShareScope(StrEnum):
    """``SUMMARY`` shows the approved public summary, ``POSTMORTEM`` the shareable parts of the postmortem."""

    SUMMARY = "SUMMARY"
    POSTMORTEM = "POSTMORTEM"


FINAL = frozenset({Status.PUBLISHED, Status.ARCHIVED})


@dataclass(frozen=True, slots=True)
class SharingFacts:
    """``was_published``: it was published once, whatever its status is now."""

    status: Status
    visibility: Visibility
    was_published: bool
    is_approved: bool

    @property
    def is_reopened(self) -> bool:
        """Someone requested changes after it was published."""
        return self.was_published and self.status not in FINAL


def check_shareable(scope: ShareScope, facts: SharingFacts) -> None:
    """Raises NotShareable with every reason at once."""
    if reasons := obstacles(scope, facts):
        raise NotShareable(reasons=reasons)


def obstacles(scope: ShareScope, facts: SharingFacts) -> list[Fact]:
    """Why outsiders see nothing by a link of this scope now; empty if they do."""
    return list(_obstacles(scope, facts))


def _obstacles(scope: ShareScope, facts: SharingFacts) -> Iterator[Fact]:
    if facts.visibility is Visibility.PRIVATE:
        yield reason("Private", "The postmortem is private. Change its visibility first.")
    if scope is ShareScope.POSTMORTEM and facts.status not in FINAL:
        yield reason("NotPublished", "The postmortem isn't published. Publish it first.")
    if scope is ShareScope.SUMMARY and not facts.is_approved:
        yield reason("NotApproved", "The public summary isn't approved. Approve it first.")
    if scope is ShareScope.SUMMARY and facts.is_reopened:
        yield reason("Reopened", "The postmortem is under review again. Publish it first.")
