"""A team's weekly summary as entries: one for each postmortem or action item."""

from collections.abc import Sequence
from datetime import datetime

from application.notifications.links import MessageLinks
from domain.notifications import notices as kinds
from domain.notifications.due import count_words, due_words, lateness, moment_words
from domain.notifications.headlines import begin
from domain.notifications.quoting import excerpt
from integrations.notifier import Entry, Fact, Group, Point
from models.queries.notifications.weekly_summary import ChangedTarget, OverdueWork, StatusChange, WeeklySummary

STATUS_CHANGES = {
    "postmortem.created": "started",
    "postmortem.submitted": "submitted for review",
    "postmortem.published": "published",
    "postmortem.archived": "archived",
}
TARGET_CHANGES = {"target.waived": "was waived", "target.extended": "was extended"}


def summary_entries(summary: WeeklySummary, links: MessageLinks, now: datetime) -> list[Entry]:
    """``now`` is in the receiver's zone."""
    return [
        *(_overdue_item(one, links, now) for one in summary.overdue if one.action_item_id),
        *_overdue_postmortems([one for one in summary.overdue if not one.action_item_id], links, now),
        *_of_postmortems(
            "moved", Group.MOVED, [(one, _status_change(one, now)) for one in summary.status_changes], links
        ),
        *_of_postmortems(
            "waived", Group.WAIVED, [(one, _changed_target(one)) for one in summary.changed_targets], links
        ),
    ]


def _status_change(one: StatusChange, now: datetime) -> Point:
    return Point(f"{STATUS_CHANGES[one.action].capitalize()} {moment_words(one.at.astimezone(now.tzinfo), now)}")


def _changed_target(one: ChangedTarget) -> Point:
    return Point(f"{kinds.TARGETS.get(one.target, one.target)} {TARGET_CHANGES[one.action]}", excerpt(one.reason))


def _overdue_postmortems(overdue: Sequence[OverdueWork], links: MessageLinks, now: datetime) -> list[Entry]:
    """The late steps of a postmortem are points of its entry."""
    late = [(one, _late_step(one, now)) for one in overdue]
    return _of_postmortems("overdue", Group.OVERDUE, late, links)


def _late_step(one: OverdueWork, now: datetime) -> Point:
    name = kinds.TARGETS.get(one.target or "", "A target")
    return Point(f"{name} is {lateness(one.due_at.astimezone(now.tzinfo), now) if one.due_at else ''} late")


def _of_postmortems(
    kind: str,
    group: Group,
    said: Sequence[tuple[StatusChange | ChangedTarget | OverdueWork, Point]],
    links: MessageLinks,
) -> list[Entry]:
    points: dict[str, list[Point]] = {}
    titles: dict[str, str] = {}
    for one, point in said:
        points.setdefault(one.postmortem_id, []).append(point)
        titles[one.postmortem_id] = one.title
    return [_entry(kind, group, key, titles[key], found, links) for key, found in points.items()]


def _entry(kind: str, group: Group, key: str, title: str, points: Sequence[Point], links: MessageLinks) -> Entry:
    counted = count_words(len(points), "step is late", "steps are late") if kind == "overdue" else ""
    counted = counted or count_words(len(points), "change")
    return Entry(
        id=f"{kind}:{key}",
        kind=kind,
        group=group,
        text=points[0].text if len(points) == 1 else counted,
        title=title,
        link=links.postmortem(key),
        postmortem_id=key,
        quote=points[0].quote if len(points) == 1 else "",
        points=tuple(points) if len(points) > 1 else (),
    )


def _overdue_item(one: OverdueWork, links: MessageLinks, now: datetime) -> Entry:
    item_id = one.action_item_id or ""
    return Entry(
        id=f"late:{item_id}",
        kind="overdue",
        group=Group.OVERDUE,
        text=begin(due_words(one.due_on, now)) if one.due_on else "Overdue",
        title=one.title,
        link=links.item(item_id),
        postmortem_id=one.postmortem_id,
        action_item_id=item_id,
        facts=(Fact("Owner", one.owner or "No active owner"),),
    )
