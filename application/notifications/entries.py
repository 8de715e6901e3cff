"""The entries of a message: one for each postmortem, action item, connection, or team, with everything about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from application.notifications.details import NoticeDetails
from application.notifications.links import MessageLinks
from application.notifications.reasons import reason_of
from application.notifications.wording import is_on_behalf
from domain.action_items.action_item import ActionItemStatus
from domain.incidents.news import minutes_words
from domain.notifications import notices as kinds
from domain.notifications.due import count_words, day_words, due_words, lateness, moment_words
from domain.notifications.headlines import begin, headline
from domain.notifications.notices import NoticeKind
from domain.notifications.quoting import excerpt
from integrations.notifier import Act, Entry, Fact, Group, Point
from models.queries.notifications.background import REVIEWS, Background, EarlierReminder

MAX_POINTS = 6
"""How many points of an entry are listed at most."""
COMMENTS = frozenset({NoticeKind.MENTIONED, NoticeKind.COMMENT_ADDED, NoticeKind.COMMENT_REPLIED})
_ORDER = list(Group)


@dataclass(frozen=True, slots=True)
class EntryWriter:
    """``now`` is in the reader's zone. ``receiver_id`` is a person's, None for a channel of
    ``team``."""

    links: MessageLinks
    background: Background
    now: datetime
    receiver_id: str | None
    team: str = ""
    is_admin: bool = False

    def write(self, details: Sequence[NoticeDetails]) -> list[Entry]:
        """In the order in which their subjects come first in ``details``."""
        subjects: dict[tuple[str | None, str | None], list[NoticeDetails]] = {}
        for one in details:
            notice = one.notice
            subjects.setdefault((notice.about_id, notice.on_behalf_of_id), []).append(one)
        return [self._entry(sorted(found, key=self._rank)) for found in subjects.values()]

    def _rank(self, details: NoticeDetails) -> tuple[int, datetime]:
        due = details.due_at if details.notice.kind == NoticeKind.TARGET_DUE else None
        return _ORDER.index(self._group(details)), due or details.notice.created_at

    def _group(self, details: NoticeDetails) -> Group:
        kind = kinds.kind_of(details.notice.kind)
        is_late = kind.group == Group.NEEDS_YOU and details.is_past_due(self.now) and not details.notice.meeting_id
        return Group.OVERDUE if is_late else Group(kind.group)

    def _entry(self, details: Sequence[NoticeDetails]) -> Entry:
        first = details[0]
        notice = first.notice
        points = [self._point(one, is_single=len(details) == 1) for one in details]
        acts = dict.fromkeys(act for one in details for act in kinds.kind_of(one.notice.kind).acts)
        may_act = not is_on_behalf(first) and self.receiver_id is not None
        facts = {fact.label: fact for one in details for fact in self._facts(one, is_single=len(details) == 1)}
        return Entry(
            id=notice.id,
            kind=notice.kind,
            group=self._group(first),
            text=self._text(details, points),
            title=first.title,
            link=self.links.subject(first),
            postmortem_id=first.postmortem.id if first.postmortem else None,
            action_item_id=notice.action_item_id,
            quote=points[0].quote if len(points) == 1 else "",
            points=_listed(points) if len(points) > 1 else (),
            facts=tuple(facts.values()),
            why=reason_of(first, self.background, self.receiver_id, team=self.team, is_admin=self.is_admin),
            action=self.links.action(first),
            links=self.links.more(details, self.background) if self.receiver_id else (),
            acts=tuple(Act(one) for one in acts) if may_act else (),
        )

    # What happened

    def _text(self, details: Sequence[NoticeDetails], points: Sequence[Point]) -> str:
        text = self._counted(details, points)
        label, names = self._responsible(details[0])
        if details[0].notice.is_escalation and names and details[0].notice.kind != NoticeKind.REVIEW_AWAITED:
            text = f"{text} ({label.lower()}: {names})"
        return f"On behalf of {details[0].names['person']} (away): {text}" if is_on_behalf(details[0]) else text

    def _counted(self, details: Sequence[NoticeDetails], points: Sequence[Point]) -> str:
        if len(points) == 1:
            return points[0].text
        late = [one for one in details if one.notice.kind == NoticeKind.TARGET_DUE and self._is_late(one)]
        if len(late) == len(details):
            longest = lateness(self._local(min(one.due_at for one in late if one.due_at)), self.now)
            return f"{count_words(len(late), 'step')} are late, the first by {longest}"
        return f"{self._headline(details[0])}, and {count_words(len(points) - 1, 'more update')}"

    def _is_late(self, details: NoticeDetails) -> bool:
        return details.due_at is not None and bool(lateness(self._local(details.due_at), self.now))

    def _point(self, details: NoticeDetails, *, is_single: bool) -> Point:
        text = self._headline(details)
        if details.notice.kind == NoticeKind.TARGET_DUE and details.due_at and not is_single:
            at = self._local(details.due_at)
            text += f" (was due {self._when(at)})" if at <= self.now else ""
        return Point(text, self._quote(details), self.links.spot(details))

    def _headline(self, details: NoticeDetails) -> str:
        notice = details.notice
        facts = {
            "actor": details.names.get("actor", ""),
            "person": details.names.get("person", ""),
            "delegate": details.names.get("delegate", ""),
            "detail": details.detail,
            "due": self._due(details),
            "when": self._when(self._local(details.due_at)) if details.due_at else "",
            "status": details.item.status.lower().replace("_", " ") if details.item else "",
            "reviewers": joined(details.awaited),
            "idle": lateness(self._local(details.edited_at), self.now) if details.edited_at else "",
        }
        clause = headline(notice.kind, target=notice.target, **facts)
        return begin(clause, facts["actor"], facts["person"], facts["delegate"])

    def _due(self, details: NoticeDetails) -> str:
        if details.due_on is not None:
            return due_words(details.due_on, self.now)
        return due_words(self._local(details.due_at), self.now) if details.due_at else ""

    def _quote(self, details: NoticeDetails) -> str:
        notice = details.notice
        remark = self.background.remarks.get(notice.comment_id or "")
        if notice.kind == NoticeKind.PUBLISHED:
            publication = self.background.publications.get(notice.postmortem_id or "")
            return excerpt(publication.summary) if publication else ""
        if remark is not None:
            by = f"{remark.author}: " if notice.kind == NoticeKind.THREADS_UNRESOLVED else ""
            return f"{by}{excerpt(remark.body)}"
        if notice.kind == NoticeKind.CONNECTION_NEEDS_ATTENTION:
            return excerpt(details.detail)
        if notice.kind == NoticeKind.TARGET_SLIPPED and details.target:
            return excerpt(details.target.reason or "")
        return excerpt(self.background.words.get(notice.id, ""))

    # Facts

    def _facts(self, details: NoticeDetails, *, is_single: bool) -> list[Fact]:
        notice, found = details.notice, list[Fact]()
        if due := self._due_fact(details, is_single=is_single):
            found.append(due)
        if notice.is_escalation or (self.receiver_id is None and notice.rung):
            label, names = self._responsible(details)
            found.append(Fact(label, names or f"No active {label.lower()}"))
        if notice.is_escalation:
            key = (notice.action_item_id or notice.postmortem_id or "", None if details.item else notice.target)
            found.append(Fact("Reminded before", self._reminders(self.background.reminders.get(key, ()))))
        if details.item and details.postmortem:
            found.append(Fact("Postmortem", details.postmortem.title))
        if details.item and notice.kind in {NoticeKind.ACTION_ITEM_ASSIGNED, NoticeKind.ACTION_ITEM_OVERDUE}:
            found.append(Fact("Priority", details.item.priority.capitalize()))
        remark = self.background.remarks.get(notice.comment_id or "")
        if remark is not None and remark.section and is_single:
            found.append(Fact("Section", remark.section))
        if details.meeting is not None:
            found += [Fact("Where", details.meeting.location)] if details.meeting.location else []
        return found + self._review_facts(details) + self._publication_facts(details)

    def _responsible(self, details: NoticeDetails) -> tuple[str, str]:
        """Who has to do it: the reviewers whom it waits for, the owner, or the author. Nobody who has left."""
        if details.awaited:
            return "Reviewer" if len(details.awaited) == 1 else "Reviewers", joined(details.awaited)
        return "Owner" if details.item else "Author", details.owner

    def _due_fact(self, details: NoticeDetails, *, is_single: bool) -> Fact | None:
        if details.item and ActionItemStatus(details.item.status).is_settled:
            return None
        if details.due_on is not None:
            late = lateness(details.due_on, self.now)
            return Fact("Due", kinds.date_words(details.due_on) + (f" ({late} late)" if late else ""))
        if details.due_at is None:
            return None
        at = self._local(details.due_at)
        if details.meeting is not None:
            return Fact("When", self._when(at))
        label = {NoticeKind.TARGET_SLIPPED.value: "New due time"}.get(details.notice.kind, "Due")
        if details.notice.kind == NoticeKind.TARGET_DUE and not is_single:
            return None  # each step has its own
        late = lateness(at, self.now)
        return Fact(label, self._when(at) + (f" ({late} late)" if late else ""))

    def _reminders(self, earlier: Sequence[EarlierReminder]) -> str:
        """``Bob Marsh on Tue, Nov 10 and Thu, Nov 12``"""
        if not earlier:
            return "No reminder was delivered before this one"
        days: dict[str, list[str]] = {}
        for one in earlier:
            day = day_words(self._local(one.at).date(), self.now.date())
            if day not in days.setdefault(one.name, []):
                days[one.name].append(day)
        return "; ".join(f"{name} {_on(found[-3:])}" for name, found in days.items())

    def _review_facts(self, details: NoticeDetails) -> list[Fact]:
        review = self.background.reviews.get(details.notice.postmortem_id or "")
        if details.notice.kind not in REVIEWS or review is None:
            return []
        changed = joined(review.changed) or "No section's text"
        found = [Fact("Changed since your review", changed)]
        if review.decision == "REQUEST_CHANGES" and review.comment:
            found.append(Fact("You requested", f"“{excerpt(review.comment, 160)}”"))
        return found

    def _publication_facts(self, details: NoticeDetails) -> list[Fact]:
        publication = self.background.publications.get(details.notice.postmortem_id or "")
        if details.notice.kind != NoticeKind.PUBLISHED or publication is None:
            return []
        found = []
        if details.postmortem and details.postmortem.duration_minutes:
            found.append(Fact("Duration", minutes_words(details.postmortem.duration_minutes)))
        if publication.item_count:
            listed = [self._item_words(one.description, one.owner) for one in publication.items]
            more = publication.item_count - len(listed)
            listed += [f"{more} more"] if more else []
            count = count_words(publication.item_count, "open item")
            found.append(Fact("Action items", f"{count}: {'; '.join(listed)}"))
        return found

    def _item_words(self, description: str, owner: str) -> str:
        return f"{excerpt(description, 80)}{f' ({owner})' if owner else ''}"

    # Times

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.now.tzinfo)

    def _when(self, at: datetime) -> str:
        """With the day's name where it is near: ``tomorrow, 9:00 AM``, ``Tue, Nov 10, 9:00 AM``."""
        return moment_words(at, self.now)


def local_now(now: datetime, zone: str) -> datetime:
    return now.astimezone(ZoneInfo(zone))


def _listed(points: Sequence[Point]) -> tuple[Point, ...]:
    shown = list(points[:MAX_POINTS])
    if len(points) > MAX_POINTS:
        shown.append(Point(f"and {len(points) - MAX_POINTS} more"))
    return tuple(shown)


def joined(names: Sequence[str]) -> str:
    """``Ada, Bob and Eve``"""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _on(days: Sequence[str]) -> str:
    """``on Tue, Nov 10 and yesterday``"""
    return joined([day if day in {"today", "yesterday"} else f"on {day}" for day in days])
