"""Puts a prepared message into the words that every channel sends: its subject, its entries, and its links."""

from datetime import datetime
from urllib.parse import quote

from application.notifications.delivery import PendingReview, PreparedMessage
from application.notifications.entries import EntryWriter, joined, local_now
from application.notifications.links import MessageLinks
from application.notifications.subjects import subject_of
from application.notifications.summaries import summary_entries
from integrations.notifier import Entry, Group, Link, Message, MessageKind

ALONE = frozenset({MessageKind.ESCALATION, MessageKind.REPORT, MessageKind.PROMPT})
"""What has a subject of its own, however many there were before: it says how late something is, or when it begins."""


class MessageWriter:
    """``base_url`` is the address of the web pages. ``unsubscribe_token`` is the person's, for RFC 8058; None for a
    team."""

    def __init__(self, base_url: str, unsubscribe_token: str | None, zone: str, now: datetime) -> None:
        self._links = MessageLinks(base_url.rstrip("/"))
        self._token = unsubscribe_token
        self._zone = zone
        self._now = local_now(now, zone)

    def write(self, prepared: PreparedMessage) -> Message:
        receiver = prepared.receiver
        person = receiver.person
        writer = EntryWriter(
            self._links,
            prepared.background,
            self._now,
            person.id if person else None,
            team="" if person else receiver.name,
            is_admin=receiver.viewer is not None and receiver.viewer.is_admin,
        )
        entries = writer.write(prepared.details)
        entries += [self._pending_review(one) for one in prepared.pending_reviews]
        if prepared.weekly_summary:
            entries += summary_entries(prepared.weekly_summary, self._links, self._now)
        kind = MessageKind(prepared.message.kind)
        threads = tuple(dict.fromkeys(one.postmortem_id for one in entries if one.postmortem_id))
        subject = subject_of(kind, entries, receiver.name, self._now)
        is_shared = person is not None and len(threads) == 1 and kind not in ALONE
        return Message(
            id=prepared.message.id,
            kind=kind,
            subject=subject,
            entries=tuple(entries),
            zone=self._zone,
            created_at=prepared.message.created_at.astimezone(self._now.tzinfo),
            intro=self._intro(kind, entries, is_person=person is not None),
            threads=threads,
            preferences_url=f"{self._links.base}/settings/notifications" if person else None,
            unsubscribe_url=self._unsubscribe(kind) if person else None,
            shared_subject=(prepared.shared_subject or subject) if is_shared else None,
            is_reply=is_shared and prepared.shared_subject is not None,
        )

    def _unsubscribe(self, kind: MessageKind) -> str | None:
        if kind in {MessageKind.ESCALATION, MessageKind.PROMPT} or self._token is None:
            return None
        return f"{self._links.base}/unsubscribe/{quote(self._token)}"

    def _intro(self, kind: MessageKind, entries: list[Entry], *, is_person: bool) -> str:
        if kind is MessageKind.ESCALATION and is_person:
            it = "it" if len(entries) == 1 else "them"
            return f"Escalation: still not done. You can reassign, extend, or waive {it}."
        if kind is MessageKind.ESCALATION:
            return "Escalation: still not done."
        if kind is MessageKind.REPORT:
            return "Progress, overdue work, and waived targets of the last 7 days."
        return ""

    def _pending_review(self, one: PendingReview) -> Entry:
        page = self._links.postmortem(one.postmortem_id)
        return Entry(
            id=f"wait:{one.postmortem_id}",
            kind="waiting",
            group=Group.WAITING,
            text=f"Waiting for {joined(one.names)} to review it",
            title=one.title,
            link=page,
            postmortem_id=one.postmortem_id,
            why="You are the author of this postmortem.",
            action=Link("See reviewers", f"{page}#reviewers"),
        )
