"""Answers to what was asked in a chat. May run twice: whatever is done is keyed by the delivery.

The work itself needs the commands of ``runtime``, which lies above; the worker puts it in here.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.errors import DomainError
from integrations.slack.errors import SlackUnavailable


class Answers(Protocol):
    async def answer(self, delivery: int) -> str:
        """Raises SlackUnavailable, or a refusal that passes (``domain.errors.PASSING``)."""

    async def give_up(self, delivery: int, why: str) -> None: ...


@dataclass(frozen=True, slots=True)
class GiveUp:
    """``delivery`` is the row's number in ``webhook_delivery``."""

    delivery: int
    why: str


class ChatActivities:
    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    @activity.defn
    async def answer_chat(self, delivery: int) -> str:
        """Does what a recorded request asks, and tells whoever asked; the result is a word or two for the log."""
        try:
            return await self._answers.answer(delivery)
        except SlackUnavailable as stumble:
            delay = timedelta(seconds=stumble.retry_after) if stumble.retry_after is not None else None
            raise ApplicationError(str(stumble), type="SlackUnavailable", next_retry_delay=delay) from None
        except DomainError as refusal:
            raise ApplicationError(str(refusal), type=refusal.code) from None

    @activity.defn
    async def give_up_chat(self, given: GiveUp) -> None:
        """Says that it was not done."""
        await self._answers.give_up(given.delivery, given.why)
