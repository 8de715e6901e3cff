"""Reading a postmortem's JSON export again: everything of it finds its place, or goes into the section *Imported*.

An export may have been changed, or made by somebody else: what no page of ours could have written is refused.
"""

import posixpath
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, ValidationError

from domain.content import templates
from domain.content.attachment_links import with_references
from domain.content.custom_fields import CustomField, FieldType, accept_values
from domain.content.sections import WIRE_NAMES
from domain.content.templates import LISTS, Section, Template
from domain.documents.attachments import clean_filename
from domain.documents.importing.document import LineKind, ReadDocument, ReadItem, Restored, line_of
from domain.documents.importing.headings import IMPORTED
from domain.documents.importing.markdown import within_limits
from domain.postmortems.first_draft import EntryType
from domain.timeline.pasted import ParsedEvent
from integrations.documents.impact_metrics import ImpactMetrics
from integrations.documents.json import ExportedItem, ExportedPostmortem

LONGEST_DURATION = 10**8
"""Minutes."""
_STATE = ("status", "visibility", "draft_started_at", "submitted_at", "reviewed_at", "published_at", "archived_at")


def read_export(text: str, name: str) -> ReadDocument:
    """``name`` is the file's in its archive. Raises ValueError for what is no export of ours."""
    try:
        given = ExportedPostmortem.model_validate_json(text.replace("\\u0000", "\\ufffd"))
        metrics = _Metrics.model_validate(given.impact_metrics)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise ValueError(f"It isn't a JSON export of a postmortem: {where}: {first['msg']}") from None
    if not 0 <= (given.duration_minutes or 0) <= LONGEST_DURATION:
        raise ValueError("It isn't a JSON export of a postmortem: durationMinutes is out of range")
    people = {one.id: f"{one.name} ({one.email})" for one in given.people}
    emails = {one.id: one.email for one in given.people}
    moved = {one.id: f"attachments/{one.id}-{clean_filename(one.filename)}" for one in given.attachments}
    texts = {one.key: with_references(one.text or "", moved) for one in given.sections if one.key not in LISTS}
    left = [*_left(given, people)]
    if left:
        before = texts.get(IMPORTED, "")
        texts[IMPORTED] = "\n\n".join(one for one in (before, "### From the export", "\n".join(left)) if one)
    texts = within_limits(texts)
    template = _template(given, has_left=IMPORTED in texts)
    templates.check(template)
    plain = {one.key: one.value for one in given.custom_fields if one.type is not FieldType.PERSON}
    items = [_item(one, people, moved, place) for place, one in enumerate(given.action_items)]
    report = [line_of(None, LineKind.PLACED, key, text) for key, text in texts.items() if text and key != IMPORTED]
    report += [line_of(None, LineKind.PLACED, "timeline", one.event) for one in given.timeline]
    report += [line_of(None, LineKind.PLACED, "actionItems", one.description) for one in items]
    report += [line_of(None, LineKind.UNPLACED, IMPORTED, one) for one in left]
    return ReadDocument(
        title=given.title[:300] or posixpath.basename(name),
        texts=texts,
        events=tuple(
            ParsedEvent(0, one.at, one.precision, with_references(one.event, moved), _type(one.type), one.actor)
            for one in given.timeline
        ),
        items=tuple(items),
        people=tuple(dict.fromkeys(emails[one] for one in _named(given) if one in emails)),
        tags=given.tags,
        report=tuple(report),
        restored=Restored(
            id=given.id,
            template=template,
            columns={
                "impact_metrics": metrics.model_dump(mode="json", by_alias=True, exclude_unset=True),
                "root_cause_category": given.root_cause_category,
                "duration_minutes": given.duration_minutes,
                "incident_resolved_at": given.incident_resolved_at,
                "created_at": given.created_at,
                "custom_fields": accept_values(template.fields, plain, frozenset()),
            },
            state={one: _plain(getattr(given, one)) for one in _STATE},
            services=tuple(one.name for one in given.services),
            sources=tuple(one.source for one in given.timeline),
            author=emails.get(given.author_id or ""),
            owners={
                place: emails[one.owner_id] for place, one in enumerate(given.action_items) if one.owner_id in emails
            },
            people_fields={
                one.key: emails[one.value]
                for one in given.custom_fields
                if one.type is FieldType.PERSON and isinstance(one.value, str) and one.value in emails
            },
            attachments=tuple(moved.values()),
        ),
    )


class _Metrics(ImpactMetrics):
    """Unknown ones are refused, because they would be lost."""

    model_config = ConfigDict(extra="forbid")


def _plain(value: Any) -> Any:
    return value if isinstance(value, datetime) or value is None else str(value.value)


def _type(written: str) -> EntryType:
    try:
        return EntryType(written)
    except ValueError:
        return EntryType.OTHER


def _template(given: ExportedPostmortem, *, has_left: bool) -> Template:
    sections = [Section(one.key, one.title, one.required, one.default_text, one.prompt) for one in given.sections]
    if has_left and IMPORTED not in {one.key for one in sections}:
        sections.append(Section(IMPORTED, "Imported"))
    missing = [one for one in (*WIRE_NAMES.values(), *LISTS) if one not in {each.key for each in sections}]
    fields = [
        CustomField(one.key, one.label, one.type, one.required, one.choices, one.help) for one in given.custom_fields
    ]
    kept = [*sections, *(Section(one, one) for one in missing if one in LISTS)]
    return Template(given.template.name, tuple(kept), given.template.description, tuple(fields))


def _item(one: ExportedItem, people: Mapping[str, str], moved: Mapping[str, str], place: int) -> ReadItem:
    tickets = [f"Ticket: {ticket.key or ''} {ticket.url or ''}".strip() for ticket in one.tickets]
    details = "\n\n".join(part for part in (with_references(one.details or "", moved), *tickets) if part)
    return ReadItem(
        line=place,
        description=one.description,
        details=details or None,
        owner=people.get(one.owner_id or ""),
        due_on=one.due_date,
        status=one.status,
        priority=one.priority,
        type=one.type,
        justification=one.justification,
        completed_at=one.completed_at,
        due_on_moves=one.due_date_moves,
    )


def _named(given: ExportedPostmortem) -> Iterator[str]:
    yield from [given.author_id or "", *given.participants]
    yield from (one.user_id for one in given.editors)
    yield from (one.user_id for one in given.reviewers)
    yield from (one.owner_id or "" for one in given.action_items)


def _left(given: ExportedPostmortem, people: Mapping[str, str]) -> Iterator[str]:
    """What an import doesn't take over, as a list that people can read."""
    yield f"- Exported as #{given.number} from {given.url}, {given.status.value}, {given.visibility.value}"
    if given.author_id:
        yield f"- Author: {people.get(given.author_id, given.author_id)}"
    for name, ids in (
        ("Editor", [one.user_id for one in given.editors]),
        ("Reviewer", [one.user_id for one in given.reviewers]),
        ("Participant", list(given.participants)),
    ):
        for one in ids:
            yield f"- {name}: {people.get(one, one)}"
    for field in given.custom_fields:
        if field.type is FieldType.PERSON and isinstance(field.value, str):
            yield f"- {field.label}: {people.get(field.value, field.value)}"
    for team in given.teams:
        yield f"- Team: {team.name}"
    for incident in given.incidents:
        yield f"- Incident: {incident.title} ({incident.source} {incident.external_id})"
    for review in given.reviews:
        said = f": {review.comment}" if review.comment else ""
        yield f"- {review.created_at:%Y-%m-%d %H:%M} {people.get(review.user_id, '')} {review.decision.value}{said}"
    for target in given.targets:
        yield f"- Target {target.name.value}: due {target.due_at:%Y-%m-%d %H:%M}, {target.state.value}"
    items = {one.id: one.description for one in given.action_items}
    for comment in given.comments or ():
        subject = comment.section or items.get(comment.action_item_id or "")
        about = f" on {subject}" if subject else ""
        body = comment.body.replace("\n", "\n  ")
        yield f"- {comment.created_at:%Y-%m-%d %H:%M} {people.get(comment.author_id, '')}{about}: {body}"
