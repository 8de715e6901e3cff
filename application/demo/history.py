"""A year of published postmortems, as rows: going through their workflows would take minutes at every first start.

The same organization gets the same history, but for the instants, which count from the day of the first start.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from application.content.templates import pick_default_template
from application.demo.escalations import reminder_rows
from application.demo.stories import KINDS, STORIES, Kind, Story
from application.incidents.decisions import decision_json
from domain.content.sections import Origin, new_revisions
from domain.content.templates import opening_texts
from domain.escalation.policy import due_instants
from domain.escalation.targets import TargetName
from domain.incidents import triggers
from domain.incidents.incident import IncidentReport, IncidentStatus, Responder, TimelineMark, Urgency
from domain.incidents.state import IncidentState, merge
from domain.incidents.triggers import IncidentFacts
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.audit import AuditEntry
from models.base import Base, derived_id
from models.escalation import SentReminder
from models.incident import Incident, IncidentResponder, IncidentService
from models.postmortem import (
    Comment,
    Postmortem,
    PostmortemIncident,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemService,
    PostmortemTarget,
    PostmortemTeam,
    Review,
    TimelineEvent,
)
from models.queries.action_items_settled import settle_items
from models.queries.content.sections import section_rows
from models.queries.escalation.policies import content_of, pick_policy_of_new
from models.queries.timeline import NewTimelineEvent, event_rows
from models.queries.together import insert_together
from models.session import Session

Rows = dict[type[Base], list[dict[str, Any]]]
PEOPLE = ("user_jane", "user_bob", "user_alice", "user_tomas")
HANDLES = {"user_jane": "jane", "user_bob": "bob", "user_alice": "alice", "user_tomas": "tomas"}
PRIORITIES = ("HIGH", "MEDIUM", "LOW")
FIRST_HOUR = 8


async def insert_history(session: Session, services: Mapping[str, str], now: datetime) -> None:
    """``services`` are the ids of services by their names. Dates lie before ``now``."""
    template = await pick_default_template(session, [])
    policy, _ = await pick_policy_of_new(session, urgency="HIGH", service_ids=[], team_ids=[])
    rows: Rows = {}
    settled: list[dict[str, Any]] = []
    for place, story in enumerate(STORIES):
        started = datetime.combine(now.date() - timedelta(days=story.days), time(FIRST_HOUR + place % 11), UTC)
        one = _Told(place, story, started)
        _add(rows, _incident_rows(one, services[story.service]))
        texts = opening_texts(template.content, one.texts())
        columns = {
            "template_id": template.template.id,
            "template_version": template.row.version,
            "policy_id": policy.id,
            "policy_version": policy.version,
        }
        due = due_instants(one.resolved_at, content_of(policy))
        _add(rows, _postmortem_rows(one, services[story.service], columns, due))
        sent = reminder_rows(one.id, one.author, one.resolved_at, due, one.met(), content_of(policy))
        _add(rows, {SentReminder: sent})
        revisions = new_revisions(texts, {})
        _add(
            rows, section_rows(one.id, revisions, author_id=one.author, origin=Origin.EDIT, now=one.draft_completed_at)
        )
        items = _item_rows(one, now)
        _add(rows, {ActionItem: [row for row, _ in items]})
        settled += [change for _, change in items if change]
    await insert_together(session, rows)
    await settle_items(session, settled)


class _Told:
    """A story with its people and instants."""

    def __init__(self, place: int, story: Story, started_at: datetime) -> None:
        self.place, self.story, self.kind = place, story, KINDS[story.kind]
        self.id = derived_id("pm", "demo", str(place))
        self.incident_id = derived_id("inc", "demo", str(place))
        self.author, self.reviewer, self.colleague = (PEOPLE[(place + step) % len(PEOPLE)] for step in range(3))
        self.started_at = started_at
        self.resolved_at = started_at + timedelta(minutes=story.minutes)
        whole = timedelta(days=story.days_to_publish)
        self.draft_started_at = self.resolved_at + whole * 0.1
        self.draft_completed_at = self.resolved_at + whole * 0.5
        self.reviewed_at = self.resolved_at + whole * 0.85
        self.published_at = self.resolved_at + whole

    def after(self, share: float) -> datetime:
        """An instant between the start and the resolution, on a whole minute."""
        return self.started_at + timedelta(minutes=round(self.story.minutes * share))

    def met(self) -> dict[TargetName, datetime]:
        return {
            TargetName.DRAFT_STARTED: self.draft_started_at,
            TargetName.DRAFT_COMPLETED: self.draft_completed_at,
            TargetName.REVIEW_COMPLETED: self.reviewed_at,
            TargetName.PUBLISHED: self.published_at,
        }

    def words(self, text: str) -> str:
        return text.format(service=self.story.service, minutes=self.story.minutes, users=f"{self.story.users:,}")

    def texts(self) -> dict[str, str]:
        kind: Kind = self.kind
        return {
            "summary": self.words(kind.summary),
            "impact": self.words("- {minutes} minutes\n- about {users} users"),
            "rootCause": self.words(kind.root_cause),
            "resolution": self.words(kind.resolution),
            "lessonsLearned": self.words(kind.lessons),
        }

    def marks(self) -> list[tuple[datetime, str, str, str]]:
        """Instant, words, type, and whose handle."""
        author, reviewer = HANDLES[self.author], HANDLES[self.reviewer]
        return [
            (self.started_at, self.words("Alert triggered: errors of {service}"), "DETECTION", "monitoring"),
            (self.after(0.08), "Acknowledged by the on-call engineer", "OTHER", author),
            (self.after(0.35), self.words(self.kind.diagnosis), "DIAGNOSIS", author),
            (self.after(0.7), self.words(self.kind.mitigation), "MITIGATION", reviewer),
            (self.resolved_at, "Resolved", "RESOLUTION", author),
        ]


def _add(rows: Rows, more: Mapping[type[Base], Iterable[dict[str, Any]]]) -> None:
    for table, found in more.items():
        rows.setdefault(table, []).extend(found)


def _incident_rows(one: _Told, service_id: str) -> Rows:
    story = one.story
    emails = [f"{HANDLES[person]}@example.com" for person in (one.author, one.reviewer)]
    report = IncidentReport(
        source="generic",
        external_id=f"demo-{one.place + 1}",
        occurred_at=one.resolved_at,
        title=story.title,
        description=one.words(one.kind.summary),
        urgency=Urgency.HIGH if story.is_high else Urgency.LOW,
        status=IncidentStatus.RESOLVED,
        started_at=one.started_at,
        acknowledged_at=one.after(0.08),
        acknowledged_by=emails[0],
        resolved_at=one.resolved_at,
        services=(story.service,),
        team_id=story.team,
        responders=tuple(Responder(email) for email in emails),
        customer_impact=story.is_high,
        timeline=tuple(TimelineMark(at, words, who) for at, words, _, who in one.marks()),
    )
    state: IncidentState = merge(None, report)
    merged = state.incident()
    facts = IncidentFacts(
        merged.status,
        merged.urgency,
        merged.span.duration,
        customer_impact=merged.customer_impact,
        team_ids=frozenset({story.team}),
    )
    row = {
        "id": one.incident_id,
        "version": 1,
        "source": merged.source,
        "external_id": merged.external_id,
        "registers": state.to_json(),
        "title": merged.title,
        "status": merged.status.value,
        "urgency": merged.urgency.value,
        "started_at": merged.started_at,
        "resolved_at": merged.resolved_at,
        "team_id": story.team,
        "decision": decision_json(triggers.decide(facts)),
        "created_at": one.started_at,
        "updated_at": one.resolved_at,
    }
    people = (one.author, one.reviewer)
    return {
        Incident: [row],
        IncidentService: [{"incident_id": one.incident_id, "service_id": service_id}],
        IncidentResponder: [
            {"incident_id": one.incident_id, "person_id": person, "ordinal": place}
            for place, person in enumerate(people)
        ],
    }


def _postmortem_rows(
    one: _Told, service_id: str, columns: Mapping[str, Any], due: Mapping[TargetName, datetime]
) -> Rows:
    story, key = one.story, {"postmortem_id": one.id}
    archived_at = one.published_at + timedelta(days=60) if story.is_archived else None
    row = {
        **columns,
        "id": one.id,
        "version": 6,
        "content_revision": 4,
        "status": Status.ARCHIVED.value if archived_at else Status.PUBLISHED.value,
        "title": story.title,
        "impact_metrics": {
            "durationMinutes": story.minutes,
            "affectedUsers": story.users,
            "supportTickets": story.users // 90,
        },
        "custom_fields": {},
        "tags": [story.kind, story.service],
        "root_cause_category": one.kind.category,
        "duration_minutes": story.minutes,
        "author_id": one.author,
        "publish_on_approval": False,
        "incident_resolved_at": one.resolved_at,
        "draft_started_at": one.draft_started_at,
        "submitted_at": one.draft_completed_at,
        "reviewed_at": one.reviewed_at,
        "published_at": one.published_at,
        "archived_at": archived_at,
        "workflow_started": True,
        "created_at": one.resolved_at,
        "updated_at": archived_at or one.published_at,
    }
    met = one.met()
    events = [
        NewTimelineEvent(at, words, kind, who, "incident", one.incident_id) for at, words, kind, who in one.marks()
    ]
    link = {"incident_id": one.incident_id, "added_by_id": None}
    return {
        Postmortem: [row],
        PostmortemIncident: [{**key, "incident_id": one.incident_id, "ordinal": 0}],
        PostmortemTeam: [{**key, "team_id": story.team, **link}],
        PostmortemService: [{**key, "service_id": service_id, "incident_id": one.incident_id}],
        PostmortemParticipant: [
            {**key, "person_id": person, "ordinal": place, **link}
            for place, person in enumerate((one.author, one.reviewer))
        ],
        TimelineEvent: event_rows(one.id, events),
        PostmortemTarget: [
            {**key, "name": name.value, "due_at": at, "met_at": met[name], "slips": int(met[name] > at)}
            for name, at in due.items()
        ],
        **_review_rows(one),
        AuditEntry: [
            _entry(one, "postmortem.created", None, one.resolved_at, {"title": story.title}),
            _entry(one, "postmortem.submitted", one.author, one.draft_completed_at, {"status": "IN_REVIEW"}),
            _entry(one, "postmortem.published", one.author, one.published_at, {"status": "PUBLISHED"}),
        ],
    }


def _review_rows(one: _Told) -> Rows:
    key = {"postmortem_id": one.id}
    middle = one.draft_completed_at + (one.reviewed_at - one.draft_completed_at) / 2
    decided: list[tuple[str, str, datetime, str | None]] = [(one.reviewer, "APPROVE", one.reviewed_at, None)]
    if one.place % 3 == 0:  # every third time, changes were requested first
        decided.insert(0, (one.reviewer, "REQUEST_CHANGES", middle, "Name the limit, so that others can check theirs."))
    decided.append((one.colleague, "APPROVE", middle, None))
    question = derived_id("cmt", "demo", str(one.place))
    comment = {**key, "version": 1, "section": "rootCause", "resolved_at": one.reviewed_at}
    return {
        PostmortemReviewer: [
            {
                **key,
                "person_id": person,
                "decision": "APPROVE",
                "decided_revision": 4,
                "decided_at": at,
                "added_at": one.draft_completed_at,
            }
            for person, at in ((one.reviewer, one.reviewed_at), (one.colleague, middle))
        ],
        Review: [
            {
                "id": derived_id("rev", "demo", str(one.place), str(place)),
                **key,
                "person_id": person,
                "decision": decision,
                "comment": words,
                "revision": 3 if decision == "REQUEST_CHANGES" else 4,
                "created_at": at,
            }
            for place, (person, decision, at, words) in enumerate(decided)
        ],
        Comment: [
            {
                **comment,
                "id": question,
                "parent_id": None,
                "author_id": one.reviewer,
                "kind": "COMMENT",
                "body": one.words("Do other services have the same weakness as {service}?"),
                "resolved_by_id": one.author,
                "created_at": middle,
                "updated_at": middle,
            },
            {
                **comment,
                "id": derived_id("cmt", "demo", str(one.place), "answer"),
                "parent_id": question,
                "author_id": one.author,
                "kind": "COMMENT",
                "body": "Two more do. There is an action item for them.",
                "resolved_at": None,
                "resolved_by_id": None,
                "created_at": one.reviewed_at,
                "updated_at": one.reviewed_at,
            },
        ],
    }


def _item_rows(one: _Told, now: datetime) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Each item as it began, and what it became: most are done in time, some late, some are still open or won't be
    done."""
    found = []
    for place, (description, kind) in enumerate(one.kind.items):
        number = one.place + place
        due_on = (one.published_at + timedelta(days=14 + 7 * (number % 3))).date()
        item_id = derived_id("ai", "demo", str(one.place), str(place))
        row = {
            "id": item_id,
            "version": 1,
            "postmortem_id": one.id,
            "description": one.words(description),
            "owner_id": PEOPLE[number % len(PEOPLE)],
            "due_on": due_on,
            "priority": PRIORITIES[number % 3],
            "status": "OPEN",
            "type": kind,
            "due_on_moves": 0,
            "workflow_started": True,
            "created_at": one.draft_completed_at + timedelta(seconds=place),
            "updated_at": one.draft_completed_at + timedelta(seconds=place),
        }
        days_late = (-6, -3, 5, -9, 12, -2, -4)[number % 7]
        at = datetime.combine(due_on + timedelta(days=days_late), time(15), UTC)
        change: dict[str, Any] | None = {"id": item_id, "status": "COMPLETED", "at": at, "justification": None}
        if number % 13 == 5:
            change = {"id": item_id, "status": "WONT_DO", "at": at, "justification": "The service is replaced soon."}
        if number % 9 == 4 or at >= now:
            change = None
            row["workflow_started"] = False  # its workflow reminds the owner
        found.append((row, change))
    return found


def _entry(one: _Told, action: str, actor: str | None, at: datetime, after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": at,
        "actor_id": actor,
        "origin": "demo",
        "action": action,
        "entity_kind": "postmortem",
        "entity_id": one.id,
        "postmortem_id": one.id,
        "after": dict(after),
    }
