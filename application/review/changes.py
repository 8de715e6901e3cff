"""What changed in a postmortem since a review, or since changes were requested."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import Viewer
from domain.errors import NotFound
from models.audit import AuditEntry
from models.postmortem import Postmortem, Review
from models.queries.audit.audit_log import AuditFilters, list_audit
from models.queries.comments import find_moment
from models.queries.content.revisions import SectionPair, list_changed_sections
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import get_visible
from models.queries.review.reviews import list_reviews
from models.session import Session

MOST_ENTRIES = 100
UNTOLD = ("postmortem.read", "postmortem.approved", "postmortem.changes_requested", "postmortem.submitted")
"""What is no change of the content."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """``review`` is the decision that it is about; None for an administrator who reopened what was published."""

    person_id: str
    at: datetime
    review: Review | None


@dataclass(frozen=True, slots=True)
class ChangesSince:
    """``sections`` are those whose text differs. ``entries`` are what else was changed since, newest first."""

    postmortem: Postmortem
    baseline: Baseline
    reviews: Sequence[Review]
    sections: Sequence[SectionPair]
    entries: Sequence[AuditEntry]


async def read_changes(session: Session, viewer: Viewer, postmortem_id: str, since: str) -> ChangesSince:
    """``since`` is the id of a review, or of a comment that requested changes. Raises NotFound."""
    visible = await get_visible(session, viewer, postmortem_id)
    reviews = await list_reviews(session, visible)
    baseline = await _baseline(session, postmortem_id, reviews, since)
    known = baseline.review.section_revisions if baseline.review else None
    sections = await list_changed_sections(session, postmortem_id, baseline.at, known)
    filters = AuditFilters(postmortem_id=postmortem_id, at_from=baseline.at)
    entries = (await list_audit(session, viewer, filters, Ask(MOST_ENTRIES))).items
    told = [one for one in entries if one.action not in UNTOLD and one.at > baseline.at]
    return ChangesSince(visible.postmortem, baseline, reviews, sections, told)


async def _baseline(session: Session, postmortem_id: str, reviews: Sequence[Review], since: str) -> Baseline:
    for one in reviews:
        if one.id == since:
            return Baseline(one.person_id, one.created_at, one)
    found = await find_moment(session, postmortem_id, since)
    if found is None:
        raise NotFound(kind="review", id=since)
    person_id, at = found
    same = next((one for one in reviews if (one.person_id, one.created_at) == found), None)
    return Baseline(person_id, at, same)
