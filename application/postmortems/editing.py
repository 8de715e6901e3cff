"""Editing a postmortem: title, sections, metadata, teams, services, visibility and author."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit_postmortem
from application.content.changes import record_change
from application.content.custom_fields import accept_custom_fields
from application.content.sections import write_sections
from application.people.references import check_people, check_services, check_teams
from application.postmortems.authorship import notify_of_authorship
from application.sharing.links import revoke_all
from application.sharing.publications import take_back_automatically
from domain import access
from domain.access import Verb, Viewer, Visibility
from domain.content.sections import Origin, SectionText, split_sections
from domain.content.templates import accepted_texts
from domain.errors import AuthorCannotReview, StaleVersion
from domain.postmortems.lifecycle import Status
from models.postmortem import Postmortem
from models.queries.content.sections import find_section_texts
from models.queries.content.templates import get_postmortem_template
from models.queries.meetings.meetings import wake_workflows
from models.queries.postmortems import drafts, links
from models.queries.postmortems.editors import insert_editor
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.queries.postmortems.proposals import take_proposal
from models.session import Session

CONTENT = frozenset({"title", "impact_metrics", "custom_fields"})
"""Columns whose change makes approvals stale; sections, the timeline and the linked incidents count as well."""

MANAGED = frozenset({"visibility", "team_ids", "author_id"})
"""What the author, editors and administrators decide, not reviewers."""

LINKED = frozenset({"team_ids", "service_ids"})


async def edit_postmortem(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None,
    now: datetime,
) -> bool:
    """Changes columns, sections, teams and services; the row is locked first.

    True if the workflow must read the row again: this started the draft, or its teams changed.

    ``changes`` names standard sections by their fields, and custom ones in a map ``custom_sections``.
    Raises NotFound, EditingClosed, NotAllowed, StaleVersion, UnknownReference, AuthorCannotReview,
    SectionNotInTemplate, InvalidCustomFields.
    """
    if not changes and expected_version is None:
        return False
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    postmortem = visible.postmortem
    _check_may_change(visible, changes)
    texts, columns = split_sections(changes)
    current = await find_section_texts(session, postmortem.id, texts.keys()) if texts else {}
    if expected_version is not None and expected_version != postmortem.version:
        raise StaleVersion(
            expected=str(expected_version), current=postmortem.version, sections=_both_texts(texts, current)
        )
    if changes.get("author_id"):
        await check_people(session, "authorId", [changes["author_id"]])
        await _hand_over(session, postmortem, changes["author_id"], now)
    template = await get_postmortem_template(session, postmortem)
    texts = accepted_texts(template, texts)
    if columns.get("custom_fields", postmortem.custom_fields) != postmortem.custom_fields:
        columns["custom_fields"] = await accept_custom_fields(session, template, columns["custom_fields"])
    before, after = _set_columns(postmortem, columns)
    if after.get("author_id"):
        await notify_of_authorship(session, viewer, postmortem.id, after["author_id"], now, postmortem.version)
    if "team_ids" in changes:
        await _replace_teams(session, viewer, postmortem.id, changes["team_ids"], before, after)
    if "service_ids" in changes:
        await _replace_services(session, postmortem.id, changes["service_ids"], before, after)
    rewritten = await write_sections(
        session, postmortem.id, texts, current, author_id=viewer.person_id, origin=Origin.EDIT, now=now
    )
    for name in rewritten:
        before[name], after[name] = current.get(name, SectionText(name)).body or None, texts[name] or None
    started = False
    if after.get("visibility") == Visibility.PRIVATE:
        await revoke_all(session, viewer, postmortem.id, now)
    if "visibility" in after and after["visibility"] != Visibility.ORGANIZATION:
        await take_back_automatically(session, viewer, postmortem.id, now)
    if after.keys() & {"visibility", "title"}:
        await wake_workflows(session, postmortem.id)
    if after:
        audit_postmortem(session, viewer, visible, "postmortem.updated", before, after)
        is_content = bool(rewritten or after.keys() & CONTENT)
        started = await record_change(session, viewer, visible, now, is_content=is_content)
    await session.flush()
    return started or "team_ids" in changes


def _check_may_change(visible: VisiblePostmortem, changes: Mapping[str, Any]) -> None:
    if changes.keys() - MANAGED:
        access.check_edit(Status(visible.postmortem.status), visible.relations)
    if changes.keys() & MANAGED:
        check_may_manage(visible, "change the visibility, teams or author of this postmortem")


def check_may_manage(visible: VisiblePostmortem, action: str) -> None:
    """Raises NotAllowed. Published and archived postmortems are managed by administrators alone."""
    access.check(Verb.MANAGE, Status(visible.postmortem.status), visible.relations, action)


def _both_texts(texts: Mapping[str, str], current: Mapping[str, SectionText]) -> list[dict[str, str | int]] | None:
    """For each section that a refused change would have rewritten: the refused text and the current one."""
    found = [current.get(name, SectionText(name)) for name in texts]
    return [
        {"name": one.name, "yours": texts[one.name], "current": one.body, "currentRevision": one.revision}
        for one in found
        if one.body != texts[one.name]
    ] or None


async def _hand_over(session: Session, postmortem: Postmortem, author_id: str, now: datetime) -> None:
    """A reviewer cannot become the author; the former author may still edit."""
    if await drafts.is_reviewer(session, postmortem.id, author_id):
        raise AuthorCannotReview()
    if postmortem.author_id is not None and postmortem.author_id != author_id:
        await insert_editor(session, postmortem.id, postmortem.author_id, now)


def _set_columns(postmortem: Postmortem, columns: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sets the columns that differ; their values before and after."""
    after = {
        name: value for name, value in columns.items() if name not in LINKED and getattr(postmortem, name) != value
    }
    before = {name: getattr(postmortem, name) for name in after}
    for name, value in after.items():
        setattr(postmortem, name, value)
    return before, after


async def _replace_teams(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    team_ids: Sequence[str],
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    await check_teams(session, "teamIds", team_ids)
    current = set(await links.list_team_ids(session, postmortem_id))
    if current != set(team_ids):
        before["team_ids"], after["team_ids"] = sorted(current), sorted(set(team_ids))
        await links.delete_other_teams(session, postmortem_id, team_ids)
        await links.insert_teams(session, postmortem_id, team_ids, {}, viewer.person_id)
        for one in team_ids:
            await take_proposal(session, postmortem_id, team_id=one)


async def _replace_services(
    session: Session, postmortem_id: str, service_ids: Sequence[str], before: dict[str, Any], after: dict[str, Any]
) -> None:
    await check_services(session, "serviceIds", service_ids)
    current = set(await links.list_service_ids(session, postmortem_id))
    if current != set(service_ids):
        before["service_ids"], after["service_ids"] = sorted(current), sorted(set(service_ids))
        await links.delete_other_services(session, postmortem_id, service_ids)
        await links.insert_services(session, postmortem_id, service_ids, {})
