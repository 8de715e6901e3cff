"""Writing an imported postmortem: a private draft without an author, from which nothing starts.

It has no targets and no workflow, so no one gets reminders or notices about it. The first command that a person sends
starts its workflow.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from application.audit.audit_log import audit
from application.documents.imported_images import Illustrated, attachment_rows
from domain.access import Visibility
from domain.action_items.action_item import ActionItemStatus
from domain.content.sections import Origin, new_revisions
from domain.content.templates import TITLES, Section, Template
from domain.documents.importing.document import ReadDocument, ReadItem, Restored
from domain.documents.importing.headings import IMPORTED
from models.action_item import ActionItem
from models.base import derived_id
from models.documents import Attachment, ImportedPostmortem, Job
from models.postmortem import PostmortemService, TimelineEvent
from models.queries.content.sections import section_rows
from models.queries.content.templates import ensure_template
from models.queries.documents import jobs
from models.queries.escalation.policies import pick_policy
from models.queries.postmortems.drafts import insert_postmortem
from models.queries.postmortems.links import service_rows
from models.queries.timeline import NewTimelineEvent, event_rows
from models.queries.together import insert_together
from models.session import Session

TEMPLATE_ID = "tpl_imported"
"""Of imported postmortems. It is archived, so that nobody starts a new one with it."""
TEMPLATE = Template(
    name="Imported",
    sections=(
        *(Section(name, title) for name, title in TITLES.items()),
        Section(IMPORTED, "Imported", prompt="What found no other place when this was imported."),
    ),
    description="Of imported postmortems",
)


async def write_postmortem(
    session: Session, job: Job, postmortem_id: str, source: str, illustrated: Illustrated, now: datetime
) -> None:
    """Nothing where it exists already."""
    read, keeps = illustrated.read, bool(job.scope.get("keep"))
    emails = await jobs.people_by_email(session, read.people) if read.restored else {}
    template_id = await _ensure_template(session, read, now)
    policy = await pick_policy(session, urgency=None, service_ids=(), team_ids=())
    columns: dict[str, Any] = {
        "id": postmortem_id,
        "title": read.title,
        "author_id": None,
        "visibility": Visibility.PRIVATE.value,
        "tags": list(read.tags),
        "template_id": template_id,
        "template_version": 1,
        "policy_id": policy.id,
        "policy_version": policy.version,
        "draft_started_at": now,
        "created_at": now,
        "updated_at": now,
        "imported_from": {"importId": job.id, "source": source},
        "workflow_started": True,
    }
    if read.restored:
        columns |= _restored_columns(read.restored, emails, keeps=keeps)
    if not await insert_postmortem(session, columns):
        return
    texts = read.texts if read.restored else {IMPORTED: "", **read.texts}
    sources = read.restored.sources if read.restored else ["manual"] * len(read.events)
    events = [
        NewTimelineEvent(one.at, one.event, one.type.value, one.actor, source, precision=one.precision.value)
        for one, source in zip(read.events, sources, strict=True)
    ]
    owners = {place: emails.get(one) for place, one in read.restored.owners.items()} if read.restored and keeps else {}
    rows = section_rows(
        postmortem_id, new_revisions(texts, {}), author_id=job.created_by, origin=Origin.PREFILL, now=now
    )
    services = await jobs.services_by_name(session, read.restored.services) if read.restored else []
    rows |= {
        PostmortemService: service_rows(postmortem_id, services, {}),
        TimelineEvent: event_rows(postmortem_id, events),
        ActionItem: [
            _item_row(postmortem_id, place, one, owners.get(place), now) for place, one in enumerate(read.items)
        ],
        Attachment: attachment_rows(illustrated, job.created_by, now),
        ImportedPostmortem: [{"job_id": job.id, "postmortem_id": postmortem_id, "source": source}],
    }
    await insert_together(session, rows)
    after = {"title": read.title, "importId": job.id, "source": source}
    audit(session, None, "postmortem.imported", "postmortem", postmortem_id, postmortem_id=postmortem_id, after=after)


async def _ensure_template(session: Session, read: ReadDocument, now: datetime) -> str:
    """Of our own exports the one that they had, word by word; it is archived, too."""
    if read.restored is None:
        await ensure_template(session, TEMPLATE_ID, TEMPLATE, archived_at=now)
        return TEMPLATE_ID
    template_id = derived_id("tpl", repr(read.restored.template))
    await ensure_template(session, template_id, read.restored.template, archived_at=now)
    return template_id


def _restored_columns(restored: Restored, emails: Mapping[str, str], *, keeps: bool) -> dict[str, Any]:
    people = {name: emails[one] for name, one in restored.people_fields.items() if one in emails}
    columns = dict(restored.columns)
    columns["custom_fields"] = {**columns["custom_fields"], **people}
    if keeps:
        columns |= restored.state
        columns["author_id"] = emails.get(restored.author or "")
    return columns


def _item_row(postmortem_id: str, place: int, item: ReadItem, owner_id: str | None, now: datetime) -> dict[str, Any]:
    """Nobody becomes its owner unless an administrator keeps owners: their name is in the details."""
    owner = f"Owner: {item.owner}" if item.owner and owner_id is None else None
    completed_at = item.completed_at or (now if item.status is ActionItemStatus.COMPLETED else None)
    return {
        "id": derived_id("ai", postmortem_id, str(place)),
        "version": 1,
        "postmortem_id": postmortem_id,
        "description": item.description,
        "details": "\n\n".join(one for one in (owner, item.details) if one) or None,
        "due_on": item.due_on,
        "owner_id": owner_id,
        "priority": item.priority.value,
        "justification": item.justification,
        "status": item.status.value,
        "type": item.type and item.type.value,
        "completed_at": completed_at,
        "due_on_moves": item.due_on_moves,
        "workflow_started": True,
        "created_at": now + timedelta(microseconds=place),  # which keeps their order
        "updated_at": now,
    }
