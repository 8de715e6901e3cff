"""E-mails to customers: their states, and how fast they go.

Source: "Documents, sharing, archives" of the specification. They carry the approved public summary and nothing else.
"""

from datetime import timedelta
from enum import StrEnum

RECIPIENTS_LIMIT = 5000
TOGETHER = 20
"""Letters in one conversation with the mail server."""
PAUSE = timedelta(seconds=10)
"""After it. 120 letters a minute are what small mail servers take without a limit of their own."""
TRIES = 5
"""How often a letter is tried that the mail server puts off."""
LOOK_AGAIN = timedelta(minutes=1)
"""How soon a suspended e-mail looks whether its cause has ended."""
SUSPENDED_FOR = timedelta(days=30)
"""After that it is stopped for good."""
ADDRESSES_KEPT = timedelta(days=90)
UNKNOWN = "It isn't known whether this one was sent: the process ended while it was being handed over."


class MailState(StrEnum):
    QUEUED = "QUEUED"
    SENDING = "SENDING"
    DONE = "DONE"
    STOPPED = "STOPPED"

    @property
    def is_over(self) -> bool:
        return self in {MailState.DONE, MailState.STOPPED}


class RecipientState(StrEnum):
    QUEUED = "QUEUED"
    SENT = "SENT"
    BOUNCED = "BOUNCED"
    UNSUBSCRIBED = "UNSUBSCRIBED"
    FAILED = "FAILED"


class Progress(StrEnum):
    """What there is left to do after a batch."""

    MORE = "MORE"
    SUSPENDED = "SUSPENDED"
    OVER = "OVER"
