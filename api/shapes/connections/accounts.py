"""Request and response shapes of people's accounts in a connection."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from api.shapes.base import Ref, Shape, StrictlyGiven
from application import text_work
from application.connections.accounts import ImportProblem, ImportResult, ImportRow, Suggestions
from domain.connections.account_table import read_account_table
from integrations.fields import Email, Words
from models.queries.connections.accounts import AccountOfPerson

AccountName = Annotated[str, Words(200, one_line=True)]


class AccountOut(Shape):
    """``account`` is the vendor's id, ``label`` the name that people see there."""

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
    """A person, by ``userId`` or ``email``, and their account."""

    user_id: Ref | None = None
    email: Email | None = None
    account: AccountName
    label: AccountName | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "PairIn":
        if (self.user_id is None) == (self.email is None):
            raise PydanticCustomError("who", "Identify the person by userId or email")
        return self


class ImportIn(StrictlyGiven):
    """``pairs``, or ``csv`` with the columns ``email`` (or ``userId``), ``account``, and optionally ``label``.
    ``skipProblems`` leaves out pairs with problems."""

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
    """``taken`` counts new or changed links, ``unchanged`` those that already existed."""

    taken: int
    unchanged: int
    problems: list[ProblemOut]


class AccountSuggestionOut(Shape):
    """An account of the vendor and the person with the same e-mail. ``state``: ``new``; ``known`` if already linked;
    ``conflict`` if one of them is linked differently, explained in ``message``."""

    account: str
    label: str
    email: str
    user_id: str
    name: str
    state: Literal["new", "known", "conflict"]
    message: str | None


class SuggestionsOut(Shape):
    """``unmatched`` counts accounts without a person with the same e-mail. ``complete`` is false if not all accounts
    were read."""

    items: list[AccountSuggestionOut]
    unmatched: int
    complete: bool


def account_out(found: AccountOfPerson) -> AccountOut:
    row, person = found.row, found.person
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


def imported_out(found: ImportResult) -> ImportedOut:
    return ImportedOut(
        taken=found.taken,
        unchanged=found.unchanged,
        problems=[ProblemOut.model_validate(one, from_attributes=True) for one in found.problems],
    )


def suggestions_out(found: Suggestions) -> SuggestionsOut:
    return SuggestionsOut(
        items=[AccountSuggestionOut.model_validate(one, from_attributes=True) for one in found.items],
        unmatched=found.unmatched,
        complete=found.complete,
    )


async def import_rows(given: ImportIn) -> tuple[list[ImportRow], list[ImportProblem]]:
    """The pairs and the rows of the CSV, numbered from 1; rows that cannot be read are problems."""
    found = [_import_row(number, pair) for number, pair in enumerate(given.pairs, 1)]
    before = len(found)
    table = await text_work.run(read_account_table, given.csv, length=len(given.csv))
    problems = [ImportProblem(row=before + one.number, account="", message=one.message) for one in table.unread]
    for row in table.rows:
        words = {"email": row.email or None, "userId": row.user_id or None}
        words |= {"account": row.account, "label": row.label or None}
        try:
            found.append(_import_row(before + row.number, PairIn.model_validate(words)))
        except ValueError:
            message = "Each row needs an email or userId, and an account"
            problems.append(ImportProblem(row=before + row.number, account=row.account, message=message))
    return found, problems


def _import_row(number: int, pair: PairIn) -> ImportRow:
    return ImportRow(number, pair.account, pair.label, pair.user_id, pair.email)
