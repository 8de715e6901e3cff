"""Sending sign-in links. May run twice: then only the link that was sent last works."""

from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import beating
from application.access import mailed_links
from domain.errors import PASSING, DomainError
from integrations.notifier import NotifierUnavailable, PutOff
from models.keyring import Keyring
from models.session import Sessions


class SignInMailActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._base_url = base_url

    @activity.defn
    async def send_sign_in_link(self, mail_id: str) -> None:
        """What failed is told without the words of a mail server, which may name the receiver."""
        now = activity.info().started_time
        try:
            await beating(mailed_links.send_link(self._sessions, self._keyring, mail_id, now, self._base_url))
        except NotifierUnavailable as stumble:
            delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
            words = "The mail server is unavailable."
            raise ApplicationError(words, type="NotifierUnavailable", next_retry_delay=delay) from None
        except PutOff:
            raise ApplicationError("The mail server asks to try again later.", type="PutOff") from None
        except DomainError as refusal:
            can_pass = refusal.code in PASSING
            raise ApplicationError(refusal.title, type=refusal.code, non_retryable=not can_pass) from None
