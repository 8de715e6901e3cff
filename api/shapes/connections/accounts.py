"""Request and response shapes of people's accounts in a connection."""

import csv
import io
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from api.shapes.base import Ref, Shape, StrictlyGiven
from application.connections.accounts import ImportProblem, ImportResult, ImportRow, Suggestions
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


class SuggestionOut(Shape):
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

    items: list[SuggestionOut]
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
        items=[SuggestionOut.model_validate(one, from_attributes=True) for one in found.items],
        unmatched=found.unmatched,
        complete=found.complete,
    )


def import_rows(given: ImportIn) -> tuple[list[ImportRow], list[ImportProblem]]:
    """The pairs and the rows of the CSV, numbered from 1; rows that cannot be read are problems."""
    found = [_import_row(number, pair) for number, pair in enumerate(given.pairs, 1)]
    problems: list[ImportProblem] = []
    reader = csv.DictReader(io.StringIO(given.csv.strip()), restkey="more", restval="")
    try:
        for number, line in enumerate(reader, len(found) + 1):
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
                found.append(_import_row(number, PairIn.model_validate(words)))
            except ValueError:
                message = "Each row needs an email or userId, and an account"
                problems.append(ImportProblem(row=number, account=words["account"] or "", message=message))
            if number > 5000:
                break
    except csv.Error as error:
        problems.append(ImportProblem(row=len(found) + 1, account="", message=f"This isn't valid CSV: {error}"))
    return found, problems


def _import_row(number: int, pair: PairIn) -> ImportRow:
    return ImportRow(number, pair.account, pair.label, pair.user_id, pair.email)
