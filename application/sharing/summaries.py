"""Public summaries: reading, writing, approving, taking the approval back, deleting.

What takes long (finding what a text should not say) is done between two transactions by the caller; see
:func:`load_summary`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from application.audit.audit_log import audit
from application.sharing.findings import read_known
from domain import access
from domain.access import Verb, Viewer, Visibility
from domain.errors import FindingsNotAcknowledged, NotShareable, StaleVersion, SummaryEmpty, reason
from domain.postmortems.lifecycle import Status
from domain.sharing.findings import Finding, FindingKind, Known, unacknowledged
from domain.sharing.links import SharingFacts
from domain.sharing.summary import Material, SummaryState, start
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.queries.sharing import summaries
from models.session import Session
from models.sharing import PublicSummary


@dataclass(frozen=True, slots=True)
class Summary:
    """A public summary as people work on it. ``version`` 0: nothing is saved, and ``text`` is what to start with.

    ``is_stale``: the postmortem's content changed since the approval. ``acknowledged`` are ids of findings.
    """

    text: str
    version: int
    state: SummaryState
    listed: bool
    is_stale: bool
    is_saved: bool
    approved_by: str | None
    approved_at: datetime | None
    published_at: datetime | None
    acknowledged: frozenset[str]


@dataclass(frozen=True, slots=True)
class LoadedSummary:
    """With what its reader may do, and with what is needed to find what its text should not say."""

    summary: Summary
    visible: VisiblePostmortem
    facts: SharingFacts
    known: Known

    def may(self, verb: Verb) -> bool:
        return access.may(verb, Status(self.visible.postmortem.status), self.visible.relations)


async def load_summary(
    session: Session, viewer: Viewer, postmortem_id: str, own_host: str, verb: Verb = Verb.READ_SUMMARY
) -> LoadedSummary:
    """Raises NotFound, and NotAllowed for whoever may not do this."""
    visible = await get_visible(session, viewer, postmortem_id)
    _check(verb, visible)
    row = await summaries.find_summary(session, postmortem_id)
    summary = await _shown(session, visible, row)
    facts = await read_facts(session, visible, row)
    return LoadedSummary(summary, visible, facts, await read_known(session, own_host))


def _check(verb: Verb, visible: VisiblePostmortem) -> None:
    access.check(verb, Status(visible.postmortem.status), visible.relations)


async def read_facts(session: Session, visible: VisiblePostmortem, row: PublicSummary | None) -> SharingFacts:
    """What decides whether outsiders may see the postmortem, or its summary ``row``."""
    was_published = await summaries.was_published(session, visible.postmortem.id)
    is_approved = row is not None and row.approved_at is not None
    return SharingFacts(Status(visible.postmortem.status), visible.visibility, was_published, is_approved)


async def _shown(session: Session, visible: VisiblePostmortem, row: PublicSummary | None) -> Summary:
    if row is None or row.text is None:
        text = await _started(session, visible)
        version = row.version if row else 0
        return Summary(text, version, SummaryState.DRAFT, False, False, False, None, None, None, frozenset())
    return _summary(row, visible)


def _summary(row: PublicSummary, visible: VisiblePostmortem) -> Summary:
    is_approved = row.approved_at is not None
    return Summary(
        text=row.text or "",
        version=row.version,
        state=SummaryState.APPROVED if is_approved else SummaryState.DRAFT,
        listed=row.listed,
        is_stale=is_approved and row.approved_revision != visible.postmortem.content_revision,
        is_saved=True,
        approved_by=row.approved_by_id,
        approved_at=row.approved_at,
        published_at=row.published_at,
        acknowledged=frozenset(row.acknowledged),
    )


async def _started(session: Session, visible: VisiblePostmortem) -> str:
    postmortem = visible.postmortem
    found = await summaries.read_material(session, postmortem.id)
    minutes = postmortem.impact_metrics.get("durationMinutes") or postmortem.duration_minutes
    return start(
        Material(
            postmortem.title,
            found.summary,
            int(minutes) if minutes else None,
            postmortem.incident_resolved_at,
            found.measures,
            found.measures_done,
        )
    )


# Writing


async def save_summary(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    *,
    text: str | None,
    listed: bool | None,
    expected_version: int | None,
    now: datetime,
) -> Summary:
    """None leaves the text or the listing as it is. Another text takes the approval back; the postmortem is locked.

    Raises NotFound, NotAllowed, StaleVersion, and NotShareable for a private postmortem that should be listed.
    """
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    _check(Verb.WRITE_SUMMARY, visible)
    row = await summaries.find_summary(session, postmortem_id)
    before = await _shown(session, visible, row)
    _check_version(expected_version, before.version)
    after = replace(before, text=before.text if text is None else text)
    after = replace(after, listed=before.listed if listed is None else listed)
    if after.listed != before.listed:
        _check(Verb.APPROVE_SUMMARY, visible)
        if after.listed and visible.visibility is Visibility.PRIVATE:
            words = "The postmortem is private. Change its visibility first."
            raise NotShareable(reasons=[reason("Private", words)])
    if after == before and before.is_saved:
        return before
    row = await summaries.get_or_insert_summary(session, postmortem_id)
    is_other_text = row.text != after.text
    row.text, row.listed = after.text, after.listed
    if is_other_text:
        _take_back(row)
    _count_up(row, now)
    _audit(session, viewer, "public_summary.updated", postmortem_id, _told(before), _told(_summary(row, visible)))
    await session.flush()
    return _summary(row, visible)


async def approve_summary(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    *,
    version: int,
    found: Sequence[Finding],
    acknowledged: Collection[str],
    now: datetime,
) -> Summary:
    """Shows the text of this version to outsiders. ``found`` are the findings of that text, and of these those in
    ``acknowledged`` were looked at.

    Raises NotFound, NotAllowed, SummaryEmpty, StaleVersion, FindingsNotAcknowledged.
    """
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    _check(Verb.APPROVE_SUMMARY, visible)
    row = await summaries.find_summary(session, postmortem_id)
    check_approvable(await _shown(session, visible, row), version)
    if row is None:
        raise SummaryEmpty()
    if blocking := unacknowledged(found, acknowledged):
        raise FindingsNotAcknowledged(reasons=[_reason(one) for one in blocking])
    before = _told(_summary(row, visible))
    row.approved_at, row.approved_by_id = now, viewer.person_id
    row.approved_revision = visible.postmortem.content_revision
    row.published_at = row.published_at or now
    row.acknowledged = sorted({one.id for one in found} & set(acknowledged))
    _count_up(row, now)
    after = {**_told(_summary(row, visible)), "acknowledged": _counted(found, row.acknowledged)}
    _audit(session, viewer, "public_summary.approved", postmortem_id, before, after)
    await session.flush()
    return _summary(row, visible)


def check_approvable(summary: Summary, version: int) -> None:
    """Raises StaleVersion, or SummaryEmpty where no text is saved."""
    _check_version(version, summary.version)
    if not summary.is_saved or not summary.text.strip():
        raise SummaryEmpty()


async def take_back_approval(session: Session, viewer: Viewer, postmortem_id: str, now: datetime) -> Summary:
    """The text stays. Without an approval, nothing changes. Raises NotFound, NotAllowed."""
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    _check(Verb.APPROVE_SUMMARY, visible)
    row = await summaries.find_summary(session, postmortem_id)
    if row is None or row.approved_at is None:
        return await _shown(session, visible, row)
    before = _told(_summary(row, visible))
    _take_back(row)
    _count_up(row, now)
    _audit(session, viewer, "public_summary.taken_back", postmortem_id, before, _told(_summary(row, visible)))
    await session.flush()
    return _summary(row, visible)


async def delete_summary(
    session: Session, viewer: Viewer, postmortem_id: str, expected_version: int | None, now: datetime
) -> None:
    """The next one starts from the postmortem again. Without a summary, nothing changes.

    Raises NotFound, NotAllowed, StaleVersion.
    """
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    _check(Verb.APPROVE_SUMMARY, visible)
    row = await summaries.find_summary(session, postmortem_id)
    _check_version(expected_version, row.version if row else 0)
    if row is None or row.text is None:
        return
    before = _told(_summary(row, visible))
    _take_back(row)
    row.text, row.listed, row.published_at = None, False, None
    _count_up(row, now)
    _audit(session, viewer, "public_summary.deleted", postmortem_id, before, {"version": row.version})
    await session.flush()


def _check_version(expected: int | None, current: int) -> None:
    if expected is not None and expected != current:
        raise StaleVersion(expected=str(expected), current=current)


def _take_back(row: PublicSummary) -> None:
    row.approved_at, row.approved_by_id, row.approved_revision, row.acknowledged = None, None, None, []


def _count_up(row: PublicSummary, now: datetime) -> None:
    row.version += 1
    row.updated_at = now


def _reason(finding: Finding) -> dict[str, Any]:
    """A secret is named by its place only: refusals are logged and kept where they arrive."""
    is_secret = finding.kind is FindingKind.SECRET
    named = f"Characters {finding.start} to {finding.end}" if is_secret else f"“{finding.quote}”"
    facts: dict[str, Any] = {"id": finding.id, "kind": finding.kind.value, "start": finding.start, "end": finding.end}
    quote = None if is_secret else finding.quote
    words = f"{named}: {WORDS[finding.kind]}"
    return reason(finding.kind.value, words, **facts, quote=quote, suggestion=finding.suggestion)


WORDS = {
    FindingKind.SECRET: "This looks like a password or a token.",
    FindingKind.PERSON: "This is the name of someone in your organization.",
    FindingKind.HOST: "This looks like the name of one of your servers.",
    FindingKind.IP_ADDRESS: "This is an IP address.",
    FindingKind.EMAIL: "This is an e-mail address.",
    FindingKind.URL: "Outsiders can't open this link.",
    FindingKind.INTERNAL_TOOL: "This is the name of an internal tool.",
}
"""What is wrong with a finding, for people."""


def _counted(found: Sequence[Finding], acknowledged: Collection[str]) -> dict[str, int]:
    kinds = [one.kind.value for one in found if one.id in acknowledged]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _told(summary: Summary) -> dict[str, Any]:
    """For the audit log, which more people read than the summary: which text it was, not the text itself."""
    return {
        "version": summary.version,
        "state": summary.state.value,
        "listed": summary.listed,
        "characters": len(summary.text) if summary.is_saved else 0,
        "sha256": sha256(summary.text.encode("utf-8", "surrogatepass")).hexdigest() if summary.is_saved else None,
    }


def _audit(
    session: Session, viewer: Viewer, action: str, postmortem_id: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    key = postmortem_id
    audit(session, viewer, action, "public_summary", key, postmortem_id=key, before=before, after=after)
