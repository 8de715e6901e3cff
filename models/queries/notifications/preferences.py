"""What somebody says about how they want to be told: their hours, their absences, their channel, what they mute."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import Fact, Malformed, reason
from domain.notifications.timing import leaves_time
from domain.people.calendar import DAY_MINUTES, Calendar
from models.person import Person
from models.queries.escalation import leads
from models.queries.notifications import messages, receivers
from models.queries.people import people

WORKING = {"time_zone", "country", "region", "working_days", "opens", "closes", "away_from", "away_until"}


async def change_preferences(
    session: AsyncSession, viewer: Viewer, changes: Mapping[str, Any], expected: int | None
) -> Person:
    """One's own; what waits is planned anew. Raises StaleVersion, UnknownReference, PersonNotActive or Malformed."""
    if changes.get("delegate_id"):
        await people.check_active(session, "delegateId", [changes["delegate_id"]])
    person = await session.get_one(Person, viewer.person_id, with_for_update=True, populate_existing=True)
    reasons = list(_problems(person, changes, (await receivers.read_office(session, viewer.team_ids)).hours))
    if reasons:
        raise Malformed(reasons=reasons)
    await people.change_person(session, viewer, viewer.person_id, changes, expected)
    if WORKING & changes.keys():
        await leads.look_anew(session, viewer.person_id)
    if "preferred_channel" in changes:
        await messages.forget_refusals(session, viewer.person_id)
    await receivers.replan(session, viewer.person_id)
    return person


def _problems(person: Person, changes: Mapping[str, Any], office: Calendar) -> Iterator[Fact]:
    """What would be wrong with all of it together. The office's hours are those of whoever says none."""

    def will_be(name: str) -> Any:
        return changes.get(name, getattr(person, name))

    if will_be("away_from") and will_be("away_until") and will_be("away_until") <= will_be("away_from"):
        yield reason("away_window", "awayUntil must be later than awayFrom", where="body.awayUntil")
    if will_be("delegate_id") == person.id:
        yield reason("delegate", "Choose someone other than yourself", where="body.delegateId")
    opens, closes = will_be("opens"), will_be("closes")
    if (opens is None) != (closes is None) or (opens is not None and not 0 <= opens < closes <= DAY_MINUTES):
        yield reason("hours", "Send both, with closes later than opens on the same day", where="body.closes")
        return
    begin, end = will_be("quiet_from"), will_be("quiet_until")
    if (begin is None) != (end is None):
        yield reason("quiet", "Send both quietFrom and quietUntil, or neither", where="body.quietUntil")
    elif begin is not None:
        hours = office if opens is None else Calendar(opens=opens, closes=closes)
        if not leaves_time(hours, (begin, end)):
            yield reason("quiet", "Leave some working hours outside your quiet hours", where="body.quietUntil")


async def unsubscribe(session: AsyncSession, person_id: str) -> None:
    """Nothing but escalations leaves the inbox any more, until they choose a channel again."""
    person = await session.get(Person, person_id, with_for_update=True, populate_existing=True)
    if person is None or not person.is_active or person.preferred_channel == "inbox":
        return
    viewer = await people.get_viewer_unscoped(session, person_id, "email")
    await people.change_person(session, viewer, person_id, {"preferred_channel": "inbox"}, None)
