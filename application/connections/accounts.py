"""Which person has which account in a connection: entered, imported, or suggested by e-mail.

An e-mail address is only a hint: no account is taken from it until an administrator confirms it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from application.audit.audit_log import audit
from application.connections.connections import check_is_tracker
from application.outside import Outside
from domain.access import Viewer
from domain.connections.accounts import AccountPair, find_conflicts
from domain.errors import AccountsNotTaken, AccountTaken, NotFound, TrackerAway, reason
from integrations import registry
from integrations.tracker import Account, TrackerUnavailable
from models.integration import PersonAccount
from models.keyring import Keyring
from models.person import Person
from models.queries.connections import accounts
from models.queries.connections.accounts import AccountOfPerson
from models.queries.connections.connections import get_connected
from models.queries.people import people
from models.session import Session

ACCOUNT_LIMIT = 5000
"""How many accounts of a vendor are read for suggestions."""
LIST_TIMEOUT = 25.0
"""Seconds that a vendor has to list its accounts."""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row of an import, numbered from 1. The person is named by ``person_id`` or ``email``."""

    row: int
    account: str
    label: str | None
    person_id: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class ImportProblem:
    row: int
    account: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """``taken`` counts what changed something, ``unchanged`` what was stored before."""

    taken: int
    unchanged: int
    problems: Sequence[ImportProblem]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An account at the vendor with the person who has the same e-mail address."""

    account: str
    label: str
    email: str
    user_id: str
    name: str
    state: Literal["new", "known", "conflict"]
    message: str | None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """``unmatched`` counts accounts without a person; ``complete`` is false if there were more than we read."""

    items: Sequence[Suggestion]
    unmatched: int
    complete: bool


async def _lock_connection(session: Session, integration_id: str) -> None:
    """Locks a connection in which people have accounts: a tracker, or a channel that reaches them."""
    row = await get_connected(session, integration_id, lock=True)
    if row.kind not in registry.notifier_kinds() or not registry.notifier(row.kind).reaches_people:
        check_is_tracker(row)


async def set_account(
    session: Session, viewer: Viewer, integration_id: str, person_id: str, account: str, label: str | None
) -> AccountOfPerson:
    """Gives the person this account. Raises NotFound, Disconnected, NoTracker or AccountTaken."""
    await _lock_connection(session, integration_id)
    person = await people.get_person(session, person_id)
    holder = await accounts.find_person_id(session, integration_id, account)
    if holder is not None and holder != person.id:
        name = (await people.get_person(session, holder)).name
        raise AccountTaken(account=account, person_id=holder, name=name)
    row = await accounts.find_account(session, integration_id, person.id)
    before = _values(row) if row else None
    if row is None:
        row = accounts.insert_account(session, integration_id, AccountPair(person.id, account, label, "MANUAL"))
    elif (row.account, row.label) != (account, label):
        row.account, row.label, row.source = account, label, "MANUAL"
    after = _values(row)
    if before != after:
        audit(session, viewer, "account.set", "integration", integration_id, before=before, after=after)
    await session.flush()
    await session.refresh(row)
    return AccountOfPerson(row, person)


async def remove_account(session: Session, viewer: Viewer, integration_id: str, person_id: str) -> None:
    """Raises NotFound, Disconnected or NoTracker."""
    await _lock_connection(session, integration_id)
    row = await accounts.find_account(session, integration_id, person_id)
    if row is None:
        raise NotFound(kind="linked account of", id=person_id)
    audit(session, viewer, "account.dropped", "integration", integration_id, before=_values(row))
    await accounts.delete_account(session, row)
    await session.flush()


def _values(row: PersonAccount) -> dict[str, str | None]:
    return {"personId": row.person_id, "account": row.account, "label": row.label}


# Importing


@dataclass(frozen=True, slots=True)
class _NumberedPair:
    row: int
    pair: AccountPair


async def import_accounts(
    session: Session,
    viewer: Viewer,
    integration_id: str,
    rows: Sequence[ImportRow],
    unread: Sequence[ImportProblem],
    source: str,
    *,
    skip_problems: bool,
) -> ImportResult:
    """Imports all rows or none, unless ``skip_problems``. A person's account in this connection is replaced.

    ``unread`` are rows that could not be read. Raises AccountsNotTaken.
    """
    await _lock_connection(session, integration_id)
    existing = await accounts.accounts_by_person(session, integration_id)
    pairs, unknown = await _find_people(session, rows, source)
    problems = [*unread, *unknown]
    holders = {one.account: one.person_id for one in existing.values()}
    while wrong := find_conflicts(holders, [one.pair for one in pairs]):
        problems += [ImportProblem(pairs[at].row, pairs[at].pair.account, why) for at, why in wrong.items()]
        pairs = [one for at, one in enumerate(pairs) if at not in wrong]  # who keeps an account may block another pair
    problems.sort(key=lambda one: one.row)
    if problems and not skip_problems:
        reasons = [reason("pair", one.message, where=f"row {one.row}", account=one.account) for one in problems]
        raise AccountsNotTaken(count=len(problems), reasons=reasons[:100])
    taken = await _replace_accounts(session, viewer, integration_id, existing, [one.pair for one in pairs])
    return ImportResult(taken, len(pairs) - taken, problems)


async def _find_people(
    session: Session, rows: Sequence[ImportRow], source: str
) -> tuple[list[_NumberedPair], list[ImportProblem]]:
    by_email = await accounts.people_by_email(session, [one.email for one in rows if one.email])
    by_id = await people.people_by_id(session, [one.person_id for one in rows])
    pairs, problems = [], []
    for one in rows:
        person = by_email.get(one.email) if one.email else by_id.get(one.person_id or "")
        if person is None:
            message = f"There is no active person with '{one.email or one.person_id}'"
            problems.append(ImportProblem(one.row, one.account, message))
        else:
            pairs.append(_NumberedPair(one.row, AccountPair(person.id, one.account, one.label, source)))
    return pairs, problems


async def _replace_accounts(
    session: Session,
    viewer: Viewer,
    integration_id: str,
    existing: Mapping[str, PersonAccount],
    pairs: Sequence[AccountPair],
) -> int:
    """Returns how many pairs changed something. The pairs have no conflicts, and two people may swap accounts."""
    changed = [one for one in pairs if _differs(existing.get(one.person_id), one)]
    replaced = [existing[one.person_id] for one in changed if one.person_id in existing]
    before = {one.person_id: one.account for one in replaced}
    if replaced:
        await accounts.delete_accounts(session, replaced)
    for one in changed:
        accounts.insert_account(session, integration_id, one)
    if changed:
        after = {one.person_id: one.account for one in changed}
        audit(session, viewer, "account.imported", "integration", integration_id, before=before or None, after=after)
    await session.flush()
    return len(changed)


def _differs(row: PersonAccount | None, pair: AccountPair) -> bool:
    return row is None or (row.account, row.label) != (pair.account, pair.label)


# Suggestions


async def suggest_accounts(session: Session, outside: Outside, keyring: Keyring, integration_id: str) -> Suggestions:
    """Asks the vendor for its accounts, and matches them by e-mail. Raises NoTracker or TrackerAway."""
    row = await get_connected(session, integration_id)
    check_is_tracker(row)
    kind, config, secrets, kept_host = row.kind, row.config, keyring.open(row.secrets), row.kept_host
    at_vendor = await outside(lambda: _accounts_at_vendor(kind, config, secrets, kept_host))
    existing = await accounts.accounts_by_person(session, integration_id)
    owners = {one.account: one.person_id for one in existing.values()}
    found = await accounts.people_by_email(session, [one.email for one in at_vendor if one.email])
    items = [
        _suggestion(one, found[one.email.lower()], existing, owners)
        for one in at_vendor
        if one.email and one.email.lower() in found
    ]
    return Suggestions(items, len(at_vendor) - len(items), len(at_vendor) < ACCOUNT_LIMIT)


async def _accounts_at_vendor(
    kind: str, config: dict[str, Any], secrets: dict[str, object], kept_host: str | None
) -> list[Account]:
    try:
        async with asyncio.timeout(LIST_TIMEOUT):
            return await asyncio.to_thread(_read_accounts, kind, config, secrets, kept_host)
    except TrackerUnavailable as stumble:
        raise TrackerAway(detail=str(stumble)) from None
    except TimeoutError:
        raise TrackerAway(detail=f"{registry.tracker(kind).label} didn't answer in time") from None


def _read_accounts(
    kind: str, config: dict[str, Any], secrets: dict[str, object], kept_host: str | None
) -> list[Account]:
    with registry.connect(kind, config, secrets, kept_host) as tracker:
        return list(islice(tracker.accounts(), ACCOUNT_LIMIT))


def _suggestion(
    account: Account, person: Person, existing: Mapping[str, PersonAccount], owners: Mapping[str, str]
) -> Suggestion:
    mine, holder = existing.get(person.id), owners.get(account.id)
    state: Literal["new", "known", "conflict"] = "new"
    message = None
    if mine is not None and mine.account == account.id:
        state = "known"
    elif holder is not None:
        state, message = "conflict", f"This account is already linked to {holder}."
    elif mine is not None:
        state, message = "conflict", f"{person.name} is already linked to the account '{mine.account}'."
    return Suggestion(account.id, account.name, account.email or "", person.id, person.name, state, message)
