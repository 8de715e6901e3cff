"""Changing when and where a person is notified: working hours, absences, channel, and muted kinds of notices."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from application.people.people import change_person
from application.people.references import check_active
from domain.access import Viewer
from domain.errors import Fact, Malformed, reason
from domain.notifications.timing import leaves_time
from domain.people.calendar import DAY_MINUTES, Calendar
from models.person import Person
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.escalation.responsibilities import restart_workflows
from models.queries.notifications import addresses, receivers
from models.queries.notifications.outbox import requeue
from models.queries.people import calendars, people
from models.queries.people.calendars import Region
from models.session import Session

CALENDAR_FIELDS = {"time_zone", "country", "region", "working_days", "opens", "closes", "away_from", "away_until"}


async def change_preferences(
    session: Session,
    viewer: Viewer,
    changes: Mapping[str, Any],
    expected: int | None,
    *,
    holidays: tuple[Region, frozenset[date]] | None = None,
) -> Person:
    """Changes the viewer's own preferences; pending notices are planned again.

    ``holidays`` are the public holidays of the viewer's new region, if it changed. Raises StaleVersion,
    UnknownReference, PersonNotActive or Malformed.
    """
    if changes.get("delegate_id"):
        await check_active(session, "delegateId", [changes["delegate_id"]])
    person = await people.get_person_for_update(session, viewer.person_id)
    reasons = list(_problems(person, changes, (await receivers.read_office(session, viewer.team_ids)).hours))
    if reasons:
        raise Malformed(reasons=reasons)
    if wishes := changes.get("notice_wishes"):
        changes = {**changes, "notice_wishes": {**person.notice_wishes, **wishes}}
    await change_person(session, viewer, viewer.person_id, changes, expected)
    if CALENDAR_FIELDS & changes.keys():
        await restart_workflows(session, viewer.person_id)
    if "preferred_channel" in changes:
        await addresses.clear_refusals(session, viewer.person_id)
    await requeue(session, viewer.person_id)
    if holidays is not None:
        await calendars.insert_holidays(session, *holidays)
    return person


def _problems(person: Person, changes: Mapping[str, Any], office: Calendar) -> Iterator[Fact]:
    """What is wrong with the preferences as a whole. ``office`` has the working hours of a person who set none."""

    def new_value(name: str) -> Any:
        return changes.get(name, getattr(person, name))

    if new_value("away_from") and new_value("away_until") and new_value("away_until") <= new_value("away_from"):
        yield reason("away_window", "awayUntil must be later than awayFrom", where="body.awayUntil")
    if new_value("delegate_id") == person.id:
        yield reason("delegate", "Choose someone other than yourself", where="body.delegateId")
    opens, closes = new_value("opens"), new_value("closes")
    if (opens is None) != (closes is None) or (opens is not None and not 0 <= opens < closes <= DAY_MINUTES):
        yield reason("hours", "Send both, with closes later than opens on the same day", where="body.closes")
        return
    begin, end = new_value("quiet_from"), new_value("quiet_until")
    if (begin is None) != (end is None):
        yield reason("quiet", "Send both quietFrom and quietUntil, or neither", where="body.quietUntil")
    elif begin is not None:
        hours = office if opens is None else Calendar(opens=opens, closes=closes)
        if not leaves_time(hours, (begin, end)):
            yield reason("quiet", "Leave some working hours outside your quiet hours", where="body.quietUntil")


async def unsubscribe(session: Session, person_id: str) -> None:
    """From now on, only escalations leave the inbox, until the person chooses a channel again."""
    person = await people.find_person_for_update(session, person_id)
    if person is None or not person.is_active or person.preferred_channel == "inbox":
        return
    viewer = await get_viewer_unscoped(session, person_id, "email")
    await change_person(session, viewer, person_id, {"preferred_channel": "inbox"}, None)
