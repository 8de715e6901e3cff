"""Writing an imported postmortem: a private draft without an author, from which nothing starts.

It has no targets and no workflow, so nobody is reminded or notified of it; the first command of a person starts its
workflow.
"""

from datetime import datetime
from typing import Any

from application.audit.audit_log import audit
from application.documents.imported_images import Illustrated, attachment_rows
from domain.access import Visibility
from domain.action_items.action_item import ActionItemStatus, Priority
from domain.content.sections import Origin, new_revisions
from domain.content.templates import TITLES, Section, Template
from domain.documents.importing.document import ReadItem
from domain.documents.importing.headings import IMPORTED
from models.action_item import ActionItem
from models.base import derived_id
from models.documents import Attachment, ImportedPostmortem, Job
from models.postmortem import TimelineEvent
from models.queries.content.sections import section_rows
from models.queries.content.templates import ensure_template
from models.queries.escalation.policies import pick_policy
from models.queries.postmortems.drafts import insert_postmortem
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
    read = illustrated.read
    await ensure_template(session, TEMPLATE_ID, TEMPLATE, archived_at=now)
    policy = await pick_policy(session, urgency=None, service_ids=(), team_ids=())
    columns: dict[str, Any] = {
        "id": postmortem_id,
        "title": read.title,
        "author_id": None,
        "visibility": Visibility.PRIVATE.value,
        "tags": list(read.tags),
        "template_id": TEMPLATE_ID,
        "template_version": 1,
        "policy_id": policy.id,
        "policy_version": policy.version,
        "draft_started_at": now,
        "created_at": now,
        "updated_at": now,
        "imported_from": {"importId": job.id, "source": source},
        "workflow_started": True,
    }
    if not await insert_postmortem(session, columns):
        return
    texts = {IMPORTED: "", **read.texts}
    events = [
        NewTimelineEvent(one.at, one.event, one.type.value, one.actor, precision=one.precision.value)
        for one in read.events
    ]
    rows = section_rows(
        postmortem_id, new_revisions(texts, {}), author_id=job.created_by, origin=Origin.PREFILL, now=now
    )
    rows |= {
        TimelineEvent: event_rows(postmortem_id, events),
        ActionItem: [_item_row(postmortem_id, place, one, now) for place, one in enumerate(read.items)],
        Attachment: attachment_rows(illustrated, job.created_by, now),
        ImportedPostmortem: [{"job_id": job.id, "postmortem_id": postmortem_id, "source": source}],
    }
    await insert_together(session, rows)
    after = {"title": read.title, "importId": job.id, "source": source}
    audit(session, None, "postmortem.imported", "postmortem", postmortem_id, postmortem_id=postmortem_id, after=after)


def _item_row(postmortem_id: str, place: int, item: ReadItem, now: datetime) -> dict[str, Any]:
    """Nobody becomes its owner: their name is in the details."""
    owner = f"Owner: {item.owner}" if item.owner else None
    return {
        "id": derived_id("ai", postmortem_id, str(place)),
        "version": 1,
        "postmortem_id": postmortem_id,
        "description": item.description,
        "details": "\n\n".join(one for one in (owner, item.details) if one) or None,
        "due_on": item.due_on,
        "priority": Priority.MEDIUM.value,
        "status": item.status.value,
        "completed_at": now if item.status is ActionItemStatus.COMPLETED else None,
        "due_on_moves": 0,
        "workflow_started": True,
        "created_at": now,
        "updated_at": now,
    }
