"""The receiver of notices, a person or a team's channel, and when they may be notified."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from domain.access import Viewer
from domain.notifications import timing
from domain.notifications.meanings import Way, muted_kinds, way_of
from domain.notifications.timing import DeliverySettings
from domain.people.calendar import Calendar
from models.notification import Notice, ReceiverState
from models.person import Person
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.notifications import messages, receivers
from models.queries.people.calendars import read_calendars
from models.queries.people.people import find_person
from models.session import Session
from models.team import Team


@dataclass(frozen=True, slots=True)
class Receiver:
    """A person, whose rights are those of ``viewer``, or a team, whose channel gets what every member may see."""

    id: str
    name: str
    settings: DeliverySettings
    state: ReceiverState
    person: Person | None = None
    viewer: Viewer | None = None
    team: Team | None = None

    def way_of(self, notice: Notice) -> Way:
        """A team's channel has no wishes: it gets digests."""
        if self.person is None:
            return Way((), at_once=False)
        person, by_a_person = self.person, notice.actor_id is not None
        return way_of(
            notice.kind, by_a_person=by_a_person, wishes=person.notice_wishes, preferred=person.preferred_channel
        )

    @property
    def muted_kinds(self) -> frozenset[str]:
        return muted_kinds(self.person.muted_kinds, self.person.notice_wishes) if self.person else frozenset()

    def is_snoozed(self, now: datetime) -> bool:
        return self.settings.snoozed_until is not None and self.settings.snoozed_until > now


async def find_receiver(session: Session, receiver_id: str) -> Receiver | None:
    """Locks the receiver's state, so that nobody else plans or sends to them in the meantime.

    None for a person who is not active, and for a team that has no channel or no longer exists.
    """
    state = await receivers.lock_state(session, receiver_id)
    person = await receivers.find_person_again(session, receiver_id)
    if person is not None:
        if not person.is_active:
            return None
        viewer = await get_viewer_unscoped(session, person.id, "voice")
        hours = await _working_hours(session, person, viewer.team_ids)
        last_escalation_at = await messages.find_last_escalation(session, person.id)
        settings = _settings_of_person(person, state, hours, last_escalation_at)
        return Receiver(person.id, person.name, settings, state, person, viewer)
    team = await receivers.find_team_again(session, receiver_id)
    if team is None or team.channel_id is None:
        return None
    lead = await find_person(session, team.lead_id) if team.lead_id else None
    hours = await _working_hours(session, lead, {team.id})
    settings = DeliverySettings(
        replace(hours, away=()),
        last_digest_at=state.last_digest_at,
        last_escalation_at=await messages.find_last_escalation(session, team.id),
        planned_at=state.digest_at,
        daily=False,
    )
    return Receiver(team.id, team.name, settings, state, team=team)


def _settings_of_person(
    person: Person, state: ReceiverState, hours: Calendar, last_escalation_at: datetime | None
) -> DeliverySettings:
    """Ignores quiet hours that leave no working hours, which happens if the hours of the office change later."""
    quiet = None if person.quiet_from is None or person.quiet_until is None else (person.quiet_from, person.quiet_until)
    return DeliverySettings(
        hours,
        preferred=person.preferred_minute,
        quiet=quiet if timing.leaves_time(hours, quiet) else None,
        snoozed_until=person.snoozed_until,
        last_digest_at=state.last_digest_at,
        last_escalation_at=last_escalation_at,
        planned_at=state.digest_at,
    )


async def _working_hours(session: Session, person: Person | None, team_ids: Collection[str]) -> Calendar:
    """The person's own, or else those of their teams' office."""
    office = await receivers.read_office(session, team_ids)
    return (await read_calendars(session, [person], office))[person.id] if person else office.calendar
