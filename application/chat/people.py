"""Identifies who asks in a chat: by the table of accounts, else by the e-mail address that the chat vouches for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.access import Viewer
from models.person import Person
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.chat import people
from models.session import Session, Sessions


@dataclass(frozen=True, slots=True)
class ChatPerson:
    """A person who asks in a chat. ``account`` is the chat's id of them; the viewer's ``origin`` is the chat."""

    person: Person
    viewer: Viewer
    account: str


class ChatUser(Protocol):
    """An account as the chat knows it. ``trusted_email`` is an address that the chat has confirmed; None for guests."""

    @property
    def name(self) -> str: ...

    @property
    def trusted_email(self) -> str | None: ...


class WhyUnknown(StrEnum):
    NO_ACCOUNT = "NO_ACCOUNT"
    NO_TRUSTED_EMAIL = "NO_TRUSTED_EMAIL"
    NOBODY_WITH_EMAIL = "NOBODY_WITH_EMAIL"
    DEACTIVATED = "DEACTIVATED"


class UnknownChatPerson(Exception):
    """The account belongs to no active person of ours."""

    def __init__(self, account: str, why: WhyUnknown) -> None:
        super().__init__(f"unknown account {account}: {why}")
        self.account = account
        self.why = why


async def identify(
    sessions: Sessions, integration_id: str, account: str, origin: str, find_user: Callable[[], ChatUser | None]
) -> ChatPerson:
    """``find_user`` asks the chat for the account, on a thread.

    Raises UnknownChatPerson, and what ``find_user`` raises.
    """
    async with sessions.begin() as session:
        person = await people.find_person(session, integration_id, account)
        if person is not None:
            return await _as_active(session, person, account, origin)
    user = await asyncio.to_thread(find_user)
    if user is None:
        raise UnknownChatPerson(account, WhyUnknown.NO_ACCOUNT)
    if user.trusted_email is None:
        raise UnknownChatPerson(account, WhyUnknown.NO_TRUSTED_EMAIL)
    async with sessions.begin() as session:
        person = await _match(session, integration_id, account, user.trusted_email, user.name)
        if person is None:
            raise UnknownChatPerson(account, WhyUnknown.NOBODY_WITH_EMAIL)
        return await _as_active(session, person, account, origin)


async def _match(session: Session, integration_id: str, account: str, email: str, label: str) -> Person | None:
    """The active person with that e-mail, remembered as the account's.

    None if nobody has it, or if the table of accounts gives this person another account here: an e-mail does not
    overrule what was entered there.
    """
    person = await people.find_active_by_email(session, email)
    if person is None:
        return None
    await people.insert_account(session, integration_id, account, person.id, label)
    return person if account in await people.list_accounts_of(session, integration_id, person.id) else None


async def _as_active(session: Session, person: Person, account: str, origin: str) -> ChatPerson:
    if not person.is_active:
        raise UnknownChatPerson(account, WhyUnknown.DEACTIVATED)
    return ChatPerson(person, await get_viewer_unscoped(session, person.id, origin), account)
