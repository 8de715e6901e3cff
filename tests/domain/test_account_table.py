"""Tables of accounts, as spreadsheets write them and as nobody would."""

import csv
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.connections.account_table import DELIMITERS, ROWS_LIMIT, AccountRow, read_account_table
from tests.nightly import tried

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@settings(max_examples=tried(100, 3000), derandomize=True)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), st.sampled_from(DELIMITERS), st.booleans())
def test_whatever_a_spreadsheet_writes_is_read_back(
    rows: list[tuple[str, str, str]], delimiter: str, has_mark: bool
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([("Account", "email", "Label"), *rows])
    read = read_account_table("\ufeff" * has_mark + out.getvalue())
    assert read.unread == ()
    stripped = [tuple(cell.strip() for cell in row) for row in rows]
    expected = [
        AccountRow(0, email, "", account, label) for account, email, label in stripped if any((account, email, label))
    ]
    assert [AccountRow(0, one.email, "", one.account, one.label) for one in read.rows] == expected
    assert [one.number for one in read.rows] == list(range(1, len(expected) + 1))


@settings(max_examples=tried(200, 10_000), derandomize=True)
@given(st.text(max_size=200) | st.text(alphabet='emailaccountuserid,;\t"\r\n \x00', max_size=200))
def test_no_text_breaks_it_and_each_line_is_read_or_told(text: str) -> None:
    for table in (text, f"email,account\n{text}"):
        began = time.process_time()
        read = read_account_table(table)
        assert time.process_time() - began < 1
        if any(one.isalnum() for one in text) and (table is not text or read.rows):
            assert read.unread or read.rows


def test_what_is_beyond_the_limit_is_told() -> None:
    rows = "".join(f"a{one}@example.com,a{one}\n" for one in range(ROWS_LIMIT + 7))
    read = read_account_table(f"email,account\n{rows}")
    assert len(read.rows) == ROWS_LIMIT
    (unread,) = read.unread
    assert (unread.number, unread.message[:27]) == (ROWS_LIMIT + 1, "Only the first 5,000 rows w")


@pytest.mark.parametrize(
    ("text", "number", "words"),
    [
        ("a@example.com,jane", 1, "name the columns"),
        ("email,account\na@example.com,Doe, Jane", 1, "more cells than the header"),
        ("email,account\na@example.com,jane\nb@example.com," + "x" * 200_000, 2, "valid CSV"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, number: int, words: str) -> None:
    (unread,) = read_account_table(text).unread
    assert unread.number == number
    assert words in unread.message
