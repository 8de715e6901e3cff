"""Review meetings: what time asks of them, and telling calendars, video services and attendees. May run twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import beating
from activities.refusals import as_failure, transaction
from application.meetings import keeping, telling
from application.meetings.keeping import MeetingStep
from domain.errors import DomainError
from integrations.meetings.calendar import CalendarUnavailable
from integrations.meetings.conference import ConferenceUnavailable
from integrations.notifier import NotifierUnavailable
from models.keyring import Keyring
from models.session import Sessions


@dataclass(frozen=True, slots=True)
class MeetingAt:
    """``at`` is the time of the workflow."""

    meeting_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UntoldMeeting:
    """What wasn't told yet, and why, in words."""

    meeting_id: str
    detail: str


class MeetingActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def keep_meeting(self, given: MeetingAt) -> MeetingStep:
        """Reminders, and what the postmortem asks of its meeting; what comes next."""
        async with transaction(self._sessions) as session:
            return await keeping.keep_meeting(session, given.meeting_id, given.at)

    @activity.defn
    async def tell_meeting(self, given: MeetingAt) -> bool:
        """Whether something else was asked for meanwhile."""
        now = activity.info().started_time
        return await self._outside(telling.tell, given.meeting_id, now)

    @activity.defn
    async def check_meeting(self, given: MeetingAt) -> bool:
        """Whether something is to be told."""
        now = activity.info().started_time
        return await self._outside(telling.check, given.meeting_id, now)

    async def _outside(self, work: telling.Outside, meeting_id: str, now: datetime) -> bool:
        try:
            return await beating(work(self._sessions, self._keyring, meeting_id, now, self._base_url))
        except (CalendarUnavailable, ConferenceUnavailable, NotifierUnavailable) as stumble:
            delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
            raise ApplicationError(str(stumble), type=type(stumble).__name__, next_retry_delay=delay) from None
        except DomainError as refusal:
            raise as_failure(refusal) from None

    @activity.defn
    async def note_untold(self, given: UntoldMeeting) -> None:
        await telling.give_up(self._sessions, given.meeting_id, given.detail)
