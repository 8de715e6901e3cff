"""A message in words, for any channel: from the facts that were just read. Times are in the receiver's zone."""

from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from domain.notifications import notices as kinds
from integrations.notifier import Act, Entry, Group, Message, MessageKind
from models.queries.notifications.messages import Waits, Work
from models.queries.notifications.notice_facts import Fact
from models.queries.notifications.weekly_summary import Late, Move, Report, Slip

MOVED = {
    "postmortem.created": "was started",
    "postmortem.submitted": "was submitted for review",
    "postmortem.published": "was published",
    "postmortem.archived": "was archived",
}
SLIPPED = {"target.waived": "was waived", "target.extended": "was extended"}


class Words:
    """``base_url`` is where the pages are; ``unsubscribe_token`` is the receiver's, for RFC 8058, None for a team."""

    def __init__(self, base_url: str, unsubscribe_token: str | None, zone: str, now: datetime) -> None:
        self._base = base_url.rstrip("/")
        self._token = unsubscribe_token
        self._zone = zone
        self._now = now

    def message(self, work: Work) -> Message:
        entries = [self._entry(one, work) for one in work.facts]
        entries += [self._waits(one) for one in work.waits]
        entries += self._report(work.report) if work.report else []
        kind = MessageKind(work.message.kind)
        threads = dict.fromkeys(one.postmortem_id for one in entries if one.postmortem_id)
        is_person = work.receiver.person is not None
        return Message(
            id=work.message.id,
            kind=kind,
            subject=self._subject(kind, entries, work),
            entries=tuple(entries),
            zone=self._zone,
            created_at=self._local(work.message.created_at),
            intro=self._intro(kind, work),
            threads=tuple(threads),
            preferences_url=f"{self._base}/settings/notifications" if is_person else None,
            unsubscribe_url=self._unsubscribe(kind) if is_person else None,
            preview=work.preview,
        )

    def _unsubscribe(self, kind: MessageKind) -> str | None:
        if kind is not MessageKind.DIGEST or self._token is None:
            return None
        return f"{self._base}/unsubscribe/{quote(self._token)}"

    def _subject(self, kind: MessageKind, entries: list[Entry], work: Work) -> str:
        if kind is MessageKind.REPORT:
            return f"Weekly summary: {work.receiver.name}"
        if len(entries) == 1:
            return entries[0].text
        if kind is MessageKind.ESCALATION:
            return f"{entries[0].text}, and {len(entries) - 1} more"
        counts = [(group, sum(one.group is group for one in entries)) for group in Group]
        return "Postmortems: " + ", ".join(f"{count} {group.words.lower()}" for group, count in counts if count)

    def _intro(self, kind: MessageKind, work: Work) -> str:
        if kind is MessageKind.ESCALATION:
            return "Escalation: this is still not done."
        if kind is MessageKind.REPORT:
            return f"Progress, overdue work, and waived targets in the 7 days before {self.instant(self._now)}."
        return "" if work.receiver.person else "Updates on your team's postmortems."

    # Entries

    def _entry(self, fact: Fact, work: Work) -> Entry:
        notice, kind = fact.notice, kinds.kind_of(fact.notice.kind)
        due_at = self._local(fact.due_at) if fact.due_at else None
        is_past = fact.is_past(self._now)
        text = kinds.sentence(
            notice.kind,
            title=fact.title,
            target=notice.target,
            due=self._due(fact),
            is_past=is_past,
            detail=fact.detail,
            **fact.names,
        )
        stands_in = notice.on_behalf_of_id is not None and not notice.kind.startswith("away_")
        is_late = kind.group == "NEEDS_YOU" and is_past
        return Entry(
            id=notice.id,
            kind=notice.kind,
            group=Group.OVERDUE if is_late else Group(kind.group),
            text=f"On behalf of {fact.names['person']} (away): {text}" if stands_in else text,
            title=fact.title,
            link=self._link(notice.postmortem_id, notice.action_item_id, notice.integration_id),
            postmortem_id=notice.postmortem_id,
            action_item_id=notice.action_item_id,
            due_at=due_at,
            due_on=fact.due_on,
            acts=() if stands_in or work.receiver.team else tuple(Act(one) for one in kind.acts),
        )

    def _waits(self, one: Waits) -> Entry:
        text = f"Waiting for {_listed(one.names)} to review “{one.title}”"
        return self._line(f"wait:{one.postmortem_id}", "waiting", Group.WAITING, text, one.title, one.postmortem_id)

    def _report(self, report: Report) -> list[Entry]:
        return [
            *(self._late(one) for one in report.late),
            *(self._moved(one) for one in report.moved),
            *(self._slip(one) for one in report.slipped),
        ]

    def _moved(self, one: Move) -> Entry:
        text = f"“{one.title}” {MOVED[one.action]} {self.instant(one.at)}"
        key = f"{one.action}:{one.postmortem_id}:{one.at.isoformat()}"
        return self._line(key, "moved", Group.MOVED, text, one.title, one.postmortem_id)

    def _slip(self, one: Slip) -> Entry:
        because = f": {one.reason}" if one.reason else ""
        text = f"{kinds.TARGETS.get(one.target, one.target)} of “{one.title}” {SLIPPED[one.action]}{because}"
        key = f"{one.action}:{one.postmortem_id}:{one.at.isoformat()}"
        return self._line(key, "waived", Group.WAIVED, " ".join(text.split()), one.title, one.postmortem_id)

    def _late(self, one: Late) -> Entry:
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
        due = self.instant(one.due_at) if one.due_at else ""
        text = f"{kinds.TARGETS.get(one.target or '', 'A target')} of “{one.title}” was due {due}"
        key = f"late:{one.postmortem_id}:{one.target}"
        return self._line(key, "overdue", Group.OVERDUE, text, one.title, one.postmortem_id)

    def _line(self, key: str, kind: str, group: Group, text: str, title: str, postmortem_id: str) -> Entry:
        return Entry(key, kind, group, text, title, self._link(postmortem_id, None, None), postmortem_id)

    # Parts of a sentence

    def instant(self, at: datetime) -> str:
        return kinds.instant_words(self._local(at), self._zone)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self._zone))

    def _due(self, fact: Fact) -> str:
        if fact.due_on is not None:
            return kinds.date_words(fact.due_on)
        return self.instant(fact.due_at) if fact.due_at else kinds.NO_DUE_DATE

    def _link(self, postmortem_id: str | None, item_id: str | None, integration_id: str | None) -> str:
        if item_id:
            return f"{self._base}/action-items/{item_id}"
        if postmortem_id:
            return f"{self._base}/postmortems/{postmortem_id}"
        return f"{self._base}/settings/integrations" if integration_id else f"{self._base}/inbox"


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
