"""Copies of postmortems in other systems: their states, and when one may be published.

Source: "Documents, sharing, archives" of the specification.
"""

from collections.abc import Iterator
from enum import StrEnum

from domain.access import Visibility
from domain.errors import Fact, NotPublishable, NotShareable, reason
from domain.sharing.links import FINAL, ShareScope, SharingFacts, obstacles


class PublicationState(StrEnum):
    """PENDING: it is to be written or taken back, and that isn't done yet. CHANGED_THERE: someone changed the copy, and
    it is left as it is. GONE: someone removed it."""

    PENDING = "PENDING"
    OK = "OK"
    REFUSED = "REFUSED"
    CHANGED_THERE = "CHANGED_THERE"
    WITHDRAWN = "WITHDRAWN"
    GONE = "GONE"


class PublicationTrigger(StrEnum):
    """POLICY: the connection's settings asked for it, when the postmortem was published or archived."""

    MANUAL = "MANUAL"
    POLICY = "POLICY"


NOT_PUBLISHED: Fact = reason("NotPublished", "The postmortem isn't published. Publish it first.")


def check_publishable(facts: SharingFacts, *, carries_summary: bool) -> None:
    """Raises NotShareable for what shows the public summary, NotPublishable for what shows the whole postmortem."""
    reasons = list(publishing_obstacles(facts, carries_summary=carries_summary))
    if reasons:
        raise NotShareable(reasons=reasons) if carries_summary else NotPublishable(reasons=reasons)


def publishing_obstacles(facts: SharingFacts, *, carries_summary: bool) -> Iterator[Fact]:
    if facts.status not in FINAL:
        yield NOT_PUBLISHED
    if carries_summary:
        yield from obstacles(ShareScope.SUMMARY, facts)
    elif facts.visibility is not Visibility.ORGANIZATION:
        words = "Not everyone in the organization can see the postmortem. Change its visibility first."
        yield reason("NotForEveryone", words)
