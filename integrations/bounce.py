"""The contract of mail that comes back, and of answers to invitations: what a channel that sends mail reads of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.meetings.meeting import Response

MAIL = "email"
"""The kind of connection whose letters come back; a webhook to it is a mail."""


@dataclass(frozen=True, slots=True)
class MeetingAnswer:
    """What somebody answered to the invitation with that UID; ``address`` is in lower case."""

    uid: str
    address: str
    response: Response


@dataclass(frozen=True, slots=True)
class Bounce:
    """``failed`` are addresses that were given up, in lower case, and ``words`` what their server said, perhaps
    nothing; ``is_delayed``: it is still being tried. ``at`` is when it was written, at most when it arrived.
    ``message_ids`` are ours of the letter that came back, where it did. ``answers`` are those to invitations, if the
    mail is one."""

    delivery_id: str
    at: datetime
    failed: tuple[str, ...] = ()
    words: str = ""
    is_delayed: bool = False
    message_ids: tuple[str, ...] = ()
    answers: tuple["MeetingAnswer", ...] = ()


class BounceReader(Protocol):
    """A module that reads returned mail."""

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
        """Raises ``BadSignature`` unless ``body`` was signed with one of ``secrets``, or came with one of them."""

    def parse(self, body: bytes, received_at: datetime) -> Bounce:
        """What a mail says of letters of ours. Raises ``MalformedWebhook`` for what is no mail, and nothing else."""
