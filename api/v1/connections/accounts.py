"""Who is who in a tracker: the table of people and their accounts, entered, imported, or suggested by e-mail.

An e-mail is a hint: nothing is taken from it until an administrator says so.
"""

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from api.request_context import Context, RequestContext
from api.shapes.base import Listing, PathId, Ref, Shape, StrictlyGiven, ask
from api.v1.connections.connections import need_tracker
from api.v1.routing import router
from domain.errors import AccountsNotTaken, TrackerAway, reason
from integrations import registry
from integrations.fields import Email, Words
from integrations.tracker import Account, TrackerUnavailable
from models.account import PersonAccount
from models.integration import Integration
from models.person import Person
from models.queries.connections import accounts, connections
from models.queries.connections.accounts import Owned, Pair
from models.queries.pagination import Ask
from models.queries.people import people

routes: APIRouter = router("integrations", prefix="/integrations")

MOST_ACCOUNTS = 5000
"""Of a vendor's list, read for suggestions."""
PATIENCE = 25.0
"""Seconds that a vendor has for its list."""

AccountName = Annotated[str, Words(200, one_line=True)]


class AccountOut(Shape):
    """``account`` is what the vendor's API calls it, ``label`` what people read there."""

    user_id: str
    name: str
    email: str
    active: bool
    account: str
    label: str | None
    source: Literal["MANUAL", "IMPORT", "EMAIL"]
    created_at: datetime


class AccountIn(StrictlyGiven):
    account: AccountName
    label: AccountName | None = None


class PairIn(StrictlyGiven):
    """A person, by ``userId`` or ``email``, and the account."""

    user_id: Ref | None = None
    email: Email | None = None
    account: AccountName
    label: AccountName | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "PairIn":
        if (self.user_id is None) == (self.email is None):
            raise PydanticCustomError("who", "Name the person by userId or by email")
        return self


class ImportIn(StrictlyGiven):
    """``pairs``, or the same as ``csv`` with the columns ``email`` (or ``userId``), ``account`` and perhaps ``label``.
    With ``skipProblems`` those that cannot be taken are left out."""

    pairs: Annotated[list[PairIn], Field(max_length=5000)] = Field(default_factory=list)
    csv: Annotated[str, Words(500_000, blank=True)] = ""
    source: Literal["IMPORT", "EMAIL"] = "IMPORT"
    skip_problems: bool = False


class ProblemOut(Shape):
    """``row`` counts from 1."""

    row: int
    account: str
    message: str


class ImportedOut(Shape):
    """``taken`` said something new, ``unchanged`` stood there already."""

    taken: int
    unchanged: int
    problems: list[ProblemOut]


class SuggestionOut(Shape):
    """An account of the vendor's with the person of the same e-mail. ``state``: ``new``; ``known``, as it stands in
    the table; ``conflict`` where the table says something else, in ``message``."""

    account: str
    label: str
    email: str
    user_id: str
    name: str
    state: Literal["new", "known", "conflict"]
    message: str | None


class SuggestionsOut(Shape):
    """``unmatched`` accounts have no e-mail that a person here has; ``complete`` is false where there were more."""

    items: list[SuggestionOut]
    unmatched: int
    complete: bool


def account_out(owned: Owned) -> AccountOut:
    row, person = owned.row, owned.person
    return AccountOut.model_validate(
        {
            "user_id": person.id,
            "name": person.name,
            "email": person.email,
            "active": person.is_active,
            "account": row.account,
            "label": row.label,
            "source": row.source,
            "created_at": row.created_at,
        }
    )


async def _lock_table(context: RequestContext, integration_id: str) -> None:
    """Of a connection in which people have accounts: a tracker, or a channel that reaches them."""
    row = await connections.get_connected(context.session, integration_id, lock=True)
    if row.kind not in registry.notifier_kinds() or not registry.notifier(row.kind).reaches_people:
        need_tracker(row)


@routes.get("/{integration_id}/accounts")
async def list_accounts(
    context: Context, integration_id: PathId, page: Annotated[Ask, Depends(ask)]
) -> Listing[AccountOut]:
    context.require_admin("see the accounts of")
    await connections.get_integration(context.session, integration_id)
    found = await accounts.list_accounts(context.session, integration_id, page)
    return Listing(items=[account_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/{integration_id}/accounts/suggestions")
async def suggest_accounts(context: Context, integration_id: PathId) -> SuggestionsOut:
    """Asks the vendor for its accounts, and matches them by e-mail. Confirm with a POST to ``/accounts/import``."""
    context.require_admin("change the accounts of")
    row = await connections.get_connected(context.session, integration_id)
    need_tracker(row)
    theirs = await _accounts_of(context, row)
    known = await accounts.accounts_by_person(context.session, integration_id)
    owners = {one.account: one.person_id for one in known.values()}
    found = await accounts.people_by_email(context.session, [one.email for one in theirs if one.email])
    items = [
        _suggested(one, found[one.email.lower()], known, owners)
        for one in theirs
        if one.email and one.email.lower() in found
    ]
    return SuggestionsOut(items=items, unmatched=len(theirs) - len(items), complete=len(theirs) < MOST_ACCOUNTS)


async def _accounts_of(context: RequestContext, row: Integration) -> list[Account]:
    secrets = context.parts.keyring.open(row.secrets)
    try:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.to_thread(_read_accounts, row.kind, row.config, secrets)
    except TrackerUnavailable as stumble:
        raise TrackerAway(detail=str(stumble)) from None
    except TimeoutError:
        raise TrackerAway(detail=f"{registry.tracker(row.kind).label} did not answer in time") from None


def _read_accounts(kind: str, config: dict[str, Any], secrets: dict[str, object]) -> list[Account]:
    with registry.connect(kind, config, secrets) as tracker:
        return list(islice(tracker.accounts(), MOST_ACCOUNTS))


def _suggested(
    theirs: Account, person: Person, known: Mapping[str, PersonAccount], owners: Mapping[str, str]
) -> SuggestionOut:
    mine, holder = known.get(person.id), owners.get(theirs.id)
    state, message = "new", None
    if mine is not None and mine.account == theirs.id:
        state = "known"
    elif holder is not None:
        state, message = "conflict", f"The table gives this account to {holder}."
    elif mine is not None:
        state, message = "conflict", f"The table gives {person.name} the account '{mine.account}'."
    return SuggestionOut.model_validate(
        {
            "account": theirs.id,
            "label": theirs.name,
            "email": theirs.email,
            "user_id": person.id,
            "name": person.name,
            "state": state,
            "message": message,
        }
    )


@routes.post("/{integration_id}/accounts/import")
async def import_accounts(context: Context, integration_id: PathId, given: ImportIn) -> ImportedOut:
    """Takes pairs in, all or none of them unless ``skipProblems``; a person's account here is replaced."""
    context.require_admin("change the accounts of")
    await _lock_table(context, integration_id)
    asked, problems = _rows(given)
    known = await accounts.accounts_by_person(context.session, integration_id)
    pairs = await _pairs(context, asked, given.source, problems)
    while wrong := accounts.conflicts(known.values(), [one.pair for one in pairs]):
        problems += [
            ProblemOut(row=pairs[at].row, account=pairs[at].pair.account, message=why) for at, why in wrong.items()
        ]  # whoever was to give an account away and cannot, keeps it: look again
        pairs = [one for at, one in enumerate(pairs) if at not in wrong]
    problems.sort(key=lambda one: one.row)
    if problems and not given.skip_problems:
        told = [reason("pair", one.message, where=f"row {one.row}", account=one.account) for one in problems]
        raise AccountsNotTaken(count=len(problems), reasons=told[:100])
    taken = await accounts.set_accounts(context.session, context.viewer, integration_id, [one.pair for one in pairs])
    return ImportedOut(taken=taken, unchanged=len(pairs) - taken, problems=problems)


@dataclass(frozen=True, slots=True)
class _Numbered:
    row: int
    pair: Pair


def _rows(given: ImportIn) -> tuple[list[tuple[int, PairIn]], list[ProblemOut]]:
    """What was sent, numbered from 1; rows of CSV that say nothing are problems."""
    asked = list(enumerate(given.pairs, 1))
    problems: list[ProblemOut] = []
    reader = csv.DictReader(io.StringIO(given.csv.strip()), restkey="more", restval="")
    try:
        for number, line in enumerate(reader, len(asked) + 1):
            fields = {
                str(name).strip().lower(): value.strip() for name, value in line.items() if isinstance(value, str)
            }
            words = {
                "email": fields.get("email") or None,
                "userId": fields.get("userid") or None,
                "account": fields.get("account", ""),
                "label": fields.get("label") or None,
            }
            try:
                asked.append((number, PairIn.model_validate(words)))
            except ValueError:
                message = "Give an email or userId, and an account"
                problems.append(ProblemOut(row=number, account=words["account"] or "", message=message))
            if number > 5000:
                break
    except csv.Error as error:
        problems.append(ProblemOut(row=len(asked) + 1, account="", message=f"This is not CSV: {error}"))
    return asked, problems


async def _pairs(
    context: RequestContext, asked: Sequence[tuple[int, PairIn]], source: str, problems: list[ProblemOut]
) -> list[_Numbered]:
    by_email = await accounts.people_by_email(context.session, [one.email for _, one in asked if one.email])
    by_id = await people.people_by_id(context.session, [one.user_id for _, one in asked])
    pairs = []
    for row, one in asked:
        person = by_email.get(one.email) if one.email else by_id.get(one.user_id or "")
        if person is None:
            message = f"There is nobody active with '{one.email or one.user_id}'"
            problems.append(ProblemOut(row=row, account=one.account, message=message))
        else:
            pairs.append(_Numbered(row, Pair(person.id, one.account, one.label, source)))
    return pairs


@routes.put("/{integration_id}/accounts/{user_id}")
async def set_account(context: Context, integration_id: PathId, user_id: PathId, given: AccountIn) -> AccountOut:
    """This person has that account in the tracker."""
    context.require_admin("change the accounts of")
    await _lock_table(context, integration_id)
    person = await people.get_person(context.session, user_id)
    pair = Pair(person.id, given.account, given.label, "MANUAL")
    row = await accounts.set_account(context.session, context.viewer, integration_id, pair)
    await context.session.refresh(row)
    return account_out(Owned(row, person))


@routes.delete("/{integration_id}/accounts/{user_id}", status_code=204)
async def drop_account(context: Context, integration_id: PathId, user_id: PathId) -> None:
    context.require_admin("change the accounts of")
    await _lock_table(context, integration_id)
    await accounts.drop_account(context.session, context.viewer, integration_id, user_id)
