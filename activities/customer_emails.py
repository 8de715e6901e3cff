"""Sending e-mails to customers. May run twice: a letter is sent once at most."""

from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import beating
from activities.refusals import as_failure
from application.sharing import mailing
from domain.errors import DomainError
from integrations.notifier import NotifierUnavailable
from models.keyring import Keyring
from models.session import Sessions


class CustomerEmailActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def send_customer_emails(self, email_id: str) -> str:
        """A batch; a :class:`domain.sharing.mailing.Progress`."""
        now = activity.info().started_time
        try:
            return await beating(mailing.send_batch(self._sessions, self._keyring, email_id, now, self._base_url))
        except NotifierUnavailable as stumble:
            delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
            raise ApplicationError(str(stumble), type="NotifierUnavailable", next_retry_delay=delay) from None
        except DomainError as refusal:
            raise as_failure(refusal) from None
