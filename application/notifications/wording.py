"""The words of a notice and of a whole message, for the inbox and every channel. Times are in the reader's zone."""

from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from application.notifications.delivery import PendingReview, PreparedMessage
from application.notifications.details import NoticeDetails
from domain.notifications import notices as kinds
from integrations.notifier import Act, Entry, Group, Message, MessageKind
from models.queries.notifications.weekly_summary import ChangedTarget, OverdueWork, StatusChange, WeeklySummary

STATUS_CHANGES = {
    "postmortem.created": "was started",
    "postmortem.submitted": "was submitted for review",
    "postmortem.published": "was published",
    "postmortem.archived": "was archived",
}
TARGET_CHANGES = {"target.waived": "was waived", "target.extended": "was extended"}


def notice_text(details: NoticeDetails, zone: str, now: datetime) -> str:
    """What the notice says, in one sentence; whom it was for at first, if the reader stands in for them."""
    notice = details.notice
    text = kinds.sentence(
        notice.kind,
        title=details.title,
        target=notice.target,
        due=_due(details, zone),
        is_past=details.is_past_due(now),
        detail=details.detail,
        **details.names,
    )
    return f"On behalf of {details.names['person']} (away): {text}" if is_on_behalf(details) else text


def is_on_behalf(details: NoticeDetails) -> bool:
    """The reader stands in for somebody who is away."""
    return details.notice.on_behalf_of_id is not None and not details.notice.kind.startswith("away_")


def instant_text(at: datetime, zone: str) -> str:
    return kinds.instant_words(at.astimezone(ZoneInfo(zone)), zone)


def _due(details: NoticeDetails, zone: str) -> str:
    if details.due_on is not None:
        return kinds.date_words(details.due_on)
    return instant_text(details.due_at, zone) if details.due_at else ""


class MessageWriter:
    """Puts a prepared message into words.

    ``base_url`` is the address of the web pages. ``unsubscribe_token`` is the person's, for RFC 8058; None for a team.
    """

    def __init__(self, base_url: str, unsubscribe_token: str | None, zone: str, now: datetime) -> None:
        self._base = base_url.rstrip("/")
        self._token = unsubscribe_token
        self._zone = zone
        self._now = now

    def write(self, prepared: PreparedMessage) -> Message:
        entries = [self._entry(one, prepared) for one in prepared.details]
        entries += [self._pending_review(one) for one in prepared.pending_reviews]
        entries += self._weekly_summary(prepared.weekly_summary) if prepared.weekly_summary else []
        kind = MessageKind(prepared.message.kind)
        threads = dict.fromkeys(one.postmortem_id for one in entries if one.postmortem_id)
        is_person = prepared.receiver.person is not None
        return Message(
            id=prepared.message.id,
            kind=kind,
            subject=self._subject(kind, entries, prepared),
            entries=tuple(entries),
            zone=self._zone,
            created_at=self._local(prepared.message.created_at),
            intro=self._intro(kind, prepared),
            threads=tuple(threads),
            preferences_url=f"{self._base}/settings/notifications" if is_person else None,
            unsubscribe_url=self._unsubscribe(kind) if is_person else None,
            preview=prepared.preview,
        )

    def _unsubscribe(self, kind: MessageKind) -> str | None:
        if kind in {MessageKind.ESCALATION, MessageKind.PROMPT} or self._token is None:
            return None
        return f"{self._base}/unsubscribe/{quote(self._token)}"

    def _subject(self, kind: MessageKind, entries: list[Entry], prepared: PreparedMessage) -> str:
        if kind is MessageKind.REPORT:
            return f"Weekly summary: {prepared.receiver.name}"
        if len(entries) == 1:
            return entries[0].text
        if kind is MessageKind.ESCALATION:
            return f"{entries[0].text}, and {len(entries) - 1} more"
        counts = [(group, sum(one.group is group for one in entries)) for group in Group]
        return "Postmortems: " + ", ".join(f"{count} {group.words.lower()}" for group, count in counts if count)

    def _intro(self, kind: MessageKind, prepared: PreparedMessage) -> str:
        if kind is MessageKind.ESCALATION:
            return "Escalation: this is still not done."
        if kind is MessageKind.REPORT:
            return f"Progress, overdue work, and waived targets in the 7 days before {self._instant(self._now)}."
        return "" if prepared.receiver.person else "Updates on your team's postmortems."

    # Entries

    def _entry(self, details: NoticeDetails, prepared: PreparedMessage) -> Entry:
        notice, kind = details.notice, kinds.kind_of(details.notice.kind)
        is_late = kind.group == "NEEDS_YOU" and details.is_past_due(self._now) and notice.meeting_id is None
        may_act = not is_on_behalf(details) and prepared.receiver.team is None
        return Entry(
            id=notice.id,
            kind=notice.kind,
            group=Group.OVERDUE if is_late else Group(kind.group),
            text=notice_text(details, self._zone, self._now),
            title=details.title,
            link=self._link(notice.postmortem_id, notice.action_item_id, notice.integration_id, notice.meeting_id),
            postmortem_id=notice.postmortem_id,
            action_item_id=notice.action_item_id,
            due_at=self._local(details.due_at) if details.due_at else None,
            due_on=details.due_on,
            acts=tuple(Act(one) for one in kind.acts) if may_act else (),
        )

    def _pending_review(self, one: PendingReview) -> Entry:
        text = f"Waiting for {_join(one.names)} to review “{one.title}”"
        return self._plain_entry(
            f"wait:{one.postmortem_id}", "waiting", Group.WAITING, text, one.title, one.postmortem_id
        )

    def _weekly_summary(self, summary: WeeklySummary) -> list[Entry]:
        return [
            *(self._overdue(one) for one in summary.overdue),
            *(self._status_change(one) for one in summary.status_changes),
            *(self._changed_target(one) for one in summary.changed_targets),
        ]

    def _status_change(self, one: StatusChange) -> Entry:
        text = f"“{one.title}” {STATUS_CHANGES[one.action]} {self._instant(one.at)}"
        key = f"{one.action}:{one.postmortem_id}:{one.at.isoformat()}"
        return self._plain_entry(key, "moved", Group.MOVED, text, one.title, one.postmortem_id)

    def _changed_target(self, one: ChangedTarget) -> Entry:
        because = f": {one.reason}" if one.reason else ""
        text = f"{kinds.TARGETS.get(one.target, one.target)} of “{one.title}” {TARGET_CHANGES[one.action]}{because}"
        key = f"{one.action}:{one.postmortem_id}:{one.at.isoformat()}"
        return self._plain_entry(key, "waived", Group.WAIVED, " ".join(text.split()), one.title, one.postmortem_id)

    def _overdue(self, one: OverdueWork) -> Entry:
        if one.action_item_id and one.due_on:
            whose = f" ({one.owner})" if one.owner else ""
            text = f"“{one.title}”{whose} was due {kinds.date_words(one.due_on)}"
            link = self._link(one.postmortem_id, one.action_item_id, None)
            key = f"late:{one.action_item_id}"
            return Entry(
                key,
                "overdue",
                Group.OVERDUE,
                " ".join(text.split()),
                one.title,
                link,
                one.postmortem_id,
                one.action_item_id,
                due_on=one.due_on,
            )
        due = self._instant(one.due_at) if one.due_at else ""
        text = f"{kinds.TARGETS.get(one.target or '', 'A target')} of “{one.title}” was due {due}"
        key = f"late:{one.postmortem_id}:{one.target}"
        return self._plain_entry(key, "overdue", Group.OVERDUE, text, one.title, one.postmortem_id)

    def _plain_entry(self, key: str, kind: str, group: Group, text: str, title: str, postmortem_id: str) -> Entry:
        return Entry(key, kind, group, text, title, self._link(postmortem_id, None, None), postmortem_id)

    # Parts of a sentence

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self._zone))

    def _instant(self, at: datetime) -> str:
        return instant_text(at, self._zone)

    def _link(
        self,
        postmortem_id: str | None,
        item_id: str | None,
        integration_id: str | None,
        meeting_id: str | None = None,
    ) -> str:
        if meeting_id:
            return f"{self._base}/postmortems/{postmortem_id}/meetings#{meeting_id}"
        if item_id:
            return f"{self._base}/action-items/{item_id}"
        if postmortem_id:
            return f"{self._base}/postmortems/{postmortem_id}"
        return f"{self._base}/settings/integrations" if integration_id else f"{self._base}/inbox"


def _join(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
