"""Reads a table of accounts that somebody pasted or uploaded: CSV with a header, as spreadsheets write it."""

import csv
import io
from dataclasses import dataclass

ROWS_LIMIT = 5000
DELIMITERS = (",", ";", "\t")
COLUMNS = ("email", "userid", "account", "label")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """``number`` counts from 1, without the header. Cells that are missing are empty."""

    number: int
    email: str
    user_id: str
    account: str
    label: str


@dataclass(frozen=True, slots=True)
class UnreadRow:
    number: int
    message: str


@dataclass(frozen=True, slots=True)
class AccountTable:
    rows: tuple[AccountRow, ...]
    unread: tuple[UnreadRow, ...]


def read_account_table(text: str) -> AccountTable:
    """Separated by commas, semicolons or tabs, with or without a byte order mark. What isn't read is in ``unread``."""
    text = text.lstrip("\ufeff").strip()
    if not text:
        return AccountTable((), ())
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text))
    rows: list[AccountRow] = []
    unread: list[UnreadRow] = []
    number = 0
    try:
        names = [name.strip().lower() for name in next(reader)]
        if "account" not in names or not {"email", "userid"} & set(names):
            message = "The first line must name the columns: email (or userId), account, and optionally label"
            return AccountTable((), (UnreadRow(1, message),))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            number += 1
            if number > ROWS_LIMIT:
                message = f"Only the first {ROWS_LIMIT:,} rows were read. Import the rest separately"
                unread.append(UnreadRow(number, message))
                break
            if any(cell.strip() for cell in cells[len(names) :]):
                message = "This row has more cells than the header. Put a cell that contains the separator in quotes"
                unread.append(UnreadRow(number, message))
                continue
            named = dict(zip(names, (cell.strip() for cell in cells), strict=False))
            rows.append(AccountRow(number, *(named.get(name, "") for name in COLUMNS)))
    except csv.Error as error:
        unread.append(UnreadRow(number + 1, f"This isn't valid CSV from here on: {error}"))
    return AccountTable(tuple(rows), tuple(unread))


def _delimiter(text: str) -> str:
    header = text.splitlines()[0].lower()
    return max(DELIMITERS, key=lambda one: len({name.strip(' "') for name in header.split(one)} & set(COLUMNS)))
