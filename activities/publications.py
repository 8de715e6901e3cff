"""Publishing copies of postmortems in other systems, and taking them back. May run twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import beating
from activities.refusals import as_failure
from application.documents import publishing
from domain.errors import DomainError
from integrations.publisher import PublisherUnavailable
from models.keyring import Keyring
from models.session import Sessions


@dataclass(frozen=True, slots=True)
class FailedPublication:
    """What is given up, and why, in words."""

    publication_id: str
    detail: str
    at: datetime


class PublicationActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def carry_out_publication(self, publication_id: str) -> bool:
        """Whether something else was asked for meanwhile."""
        now = activity.info().started_time
        work = publishing.carry_out(self._sessions, self._keyring, publication_id, now, self._base_url)
        try:
            return await beating(work)
        except PublisherUnavailable as stumble:
            delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
            raise ApplicationError(str(stumble), type="PublisherUnavailable", next_retry_delay=delay) from None
        except DomainError as refusal:
            raise as_failure(refusal) from None

    @activity.defn
    async def give_up_publication(self, given: FailedPublication) -> None:
        await publishing.give_up(self._sessions, given.publication_id, given.detail, given.at)
