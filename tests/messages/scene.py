"""One postmortem with everything that notices are about, as rows, and the messages that are made of notices on it.

Nothing is stored: the rows go through the same rules and words as those that a database gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from application.notifications.composing import MessageWriter
from application.notifications.delivery import PendingReview, PreparedMessage
from application.notifications.details import NoticeDetails, details_of
from application.notifications.receivers import Receiver
from domain.access import Role, Viewer
from domain.incidents.news import IncidentNews
from domain.notifications.notices import NoticeKind, kind_of
from domain.notifications.relevance import Subjects
from domain.notifications.timing import DeliverySettings
from domain.people.calendar import Calendar
from integrations.notifier import Message
from models import notification as rows
from models.action_item import ActionItem
from models.integration import Integration
from models.meeting import Meeting
from models.person import Person
from models.postmortem import Postmortem, PostmortemReviewer, PostmortemTarget
from models.queries.notifications.background import (
    Background,
    EarlierReminder,
    OwnReview,
    Publication,
    PublishedItem,
    Remark,
)
from models.queries.notifications.weekly_summary import WeeklySummary
from models.team import Team

K = NoticeKind
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
ZONE = "Europe/Berlin"
BASE = "https://afterword.example.com"
TITLE, ITEM = "Payment API outage", "Add a retry budget to the payment client"
PM, ITEM_ID, COMMENT, MEETING, CONNECTION, TEAM, REVIEW = "pm_1", "ai_1", "cmt_1", "mtg_1", "int_1", "team_1", "rev_1"


def person(name: str, **columns: Any) -> Person:
    key = name.split(maxsplit=1)[0].lower()
    return Person(id=f"user_{key}", name=name, email=f"{key}@example.com", is_active=True, **columns)


JANE, BOB, ALICE = person("Jane Doe"), person("Bob Marsh"), person("Alice Ng")
KIM = person("Kim Park")
"""Leads the team."""
OLGA = person("Olga Petrova")
"""Owns the action item, and may see neither a private postmortem nor anything else of it."""
ADA = person("Ada Admin")
LEE = person("Lee Chan", away_from=NOW - timedelta(days=1), away_until=NOW + timedelta(days=5), delegate_id="user_bob")
PEOPLE = {one.id: one for one in (JANE, BOB, ALICE, KIM, OLGA, ADA, LEE)}


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


@dataclass(frozen=True, slots=True)
class Scene:
    """``receiver`` None is the team's channel. ``author``, ``owner`` and ``reviewer`` are people's ids."""

    receiver: Person | None = None
    author: str = JANE.id
    owner: str = OLGA.id
    reviewer: str = BOB.id
    status: str = "DRAFT"
    is_visible: bool = True
    late_days: float = 18
    background: Background = field(default_factory=Background)

    def subjects(self) -> Subjects:
        receiver_id = self.receiver.id if self.receiver else TEAM
        postmortem = Postmortem(
            id=PM, number=7, title=TITLE, status=self.status, author_id=self.author, content_revision=3
        )
        postmortem.duration_minutes = 95
        item = ActionItem(
            id=ITEM_ID, postmortem_id=PM, description=ITEM, status="OPEN", owner_id=self.owner, priority="HIGH"
        )
        item.due_on = (NOW - timedelta(days=self.late_days)).date()
        names = ("draft_started", "draft_completed", "review_completed", "published")
        due = [ago(days=self.late_days - more) for more in (0, 1, 6, 13)]
        targets = [
            PostmortemTarget(postmortem_id=PM, name=name, due_at=at, reason="Waiting for the vendor's report.", slips=2)
            for name, at in zip(names, due, strict=True)
        ]
        meeting = Meeting(id=MEETING, postmortem_id=PM, status="SCHEDULED", starts_at=NOW + timedelta(days=1, hours=5))
        meeting.location = "Room 4.12"
        reviewers = [PostmortemReviewer(postmortem_id=PM, person_id=self.reviewer)]
        why = "Jira answered 401: the API token was revoked."
        return Subjects(
            receiver_id=receiver_id,
            postmortems={PM: postmortem} if self.is_visible else {},
            items={ITEM_ID: item},
            targets={(PM, one.name): one for one in targets},
            reviewers={(PM, one.person_id): one for one in reviewers},
            threads={COMMENT: False},
            edited_at={},
            news={PM: IncidentNews(45, NOW, 96, NOW)},
            resting=(),
            broken_tickets={ITEM_ID: {"deleted", "forbidden"}},
            connections={CONNECTION: Integration(id=CONNECTION, kind="jira", name="Jira Cloud", needs_attention=why)},
            teams={TEAM: Team(id=TEAM, name="Payments", lead_id=None)},
            meetings={MEETING: meeting},
            people=PEOPLE,
            muted_kinds=(),
            now=NOW,
        )

    def notice(self, kind: NoticeKind, **columns: Any) -> rows.Notice:
        about: dict[str, Any] = {"postmortem_id": PM, "created_at": ago(minutes=20), "is_escalation": False}
        about |= {"dedupe_key": f"{PM}:{kind}"}
        if kind.startswith(("action_item", "ticket")) or kind is K.OWNER_LEFT:
            about["action_item_id"] = ITEM_ID
        if kind.startswith("meeting"):
            about["meeting_id"] = MEETING
        if kind.startswith("connection"):
            about |= {"postmortem_id": None, "integration_id": CONNECTION}
        if kind is K.TEAM_WITHOUT_LEAD:
            about |= {"postmortem_id": None, "about_team_id": TEAM}
        if kind in {K.MENTIONED, K.COMMENT_ADDED, K.COMMENT_REPLIED, K.THREADS_UNRESOLVED, K.CHANGES_REQUESTED}:
            about["comment_id"] = COMMENT
        if kind in {K.TARGET_DUE, K.TARGET_SLIPPED}:
            about["target"] = "published"
        return rows.Notice(**{"id": f"ntc_{kind}", "kind": kind.value} | about | columns)

    def details(self, *notices: rows.Notice) -> list[NoticeDetails]:
        subjects = self.subjects()
        return [details_of(one, subjects) for one in notices]

    def message(
        self,
        kind: str,
        *notices: rows.Notice,
        pending: Sequence[PendingReview] = (),
        summary: WeeklySummary | None = None,
    ) -> Message:
        """As the activity writes it."""
        person = self.receiver
        role = Role.ADMIN if person is ADA else Role.RESPONDER
        receiver = Receiver(
            person.id if person else TEAM,
            person.name if person else "Payments",
            DeliverySettings(Calendar(zone=ZONE)),
            rows.ReceiverState(receiver_id=person.id if person else TEAM),
            person,
            Viewer(person.id, role) if person else None,
            None if person else Team(id=TEAM, name="Payments"),
        )
        row = rows.Message(id="msg_1", receiver_id=receiver.id, kind=kind, state="WAITING", created_at=NOW)
        background = self.background if self.is_visible else Background()
        prepared = PreparedMessage(row, receiver, self.details(*notices), True, list(pending), summary, background)
        token = f"{receiver.id}.f00d" if person else None
        return MessageWriter(BASE, token, ZONE, NOW).write(prepared)


REMARK = Remark(
    JANE.name,
    "Can you check the **connection pool** graphs from 14:02 on? I think the [retry storm](https://example.com) began"
    " before the deploy.\n\n- see #payments",
    "Root cause",
)
REQUEST = "The impact section misses the refunds. Please add how many customers were charged twice."


def background(notices: Mapping[str, str] | None = None, **fields: Any) -> Background:
    """Everything that the examples quote."""
    reminded = (EarlierReminder(JANE.name, ago(days=14)), EarlierReminder(JANE.name, ago(days=12)))
    owner = (EarlierReminder(OLGA.name, ago(days=17)), EarlierReminder(OLGA.name, ago(days=16)))
    items = (
        PublishedItem(ITEM, OLGA.name, date(2026, 12, 1)),
        PublishedItem("Alert on pool exhaustion", BOB.name, date(2026, 12, 8)),
        PublishedItem("Write a runbook for failover", "", None),
    )
    summary = "Checkout failed for **95 minutes**: the payment client retried without a budget. No data was lost."
    whole = Background(
        remarks={COMMENT: REMARK},
        words=notices or {},
        led={},
        reminders={(PM, one): reminded for one in ("draft_completed", "published", None)} | {(ITEM_ID, None): owner},
        publications={PM: Publication(summary, items, 5)},
    )
    return replace(whole, **fields)


def second_round() -> Mapping[str, OwnReview]:
    return {PM: OwnReview(REVIEW, "REQUEST_CHANGES", REQUEST, ("Summary", "Impact"))}


def is_by_clock(kind: NoticeKind) -> bool:
    return kind_of(kind).told_of is None
