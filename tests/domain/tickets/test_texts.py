"""An action item as a ticket's text, and which part of a ticket's text belongs to the item."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tickets.texts import (
    TITLE_LIMIT,
    body_of,
    details_in,
    footer_of,
    owner_comment,
    shortened,
    split_footer,
    title_of,
)

FOOTER = footer_of("https://afterword.example/postmortems/pm_1", "HIGH", date(2026, 12, 1))
words = st.text("abc *-_#>`[]()\n123@", max_size=80).map(str.strip).filter(lambda text: "Action item of" not in text)


@given(words)
def test_what_was_written_is_read_again(details: str) -> None:
    read = details_in(body_of(details, FOOTER))
    assert read == details or (read.startswith(details) and "```" in details), "but for code that was left open"


@given(words)
def test_without_our_footer_all_of_it_is_theirs(details: str) -> None:
    assert details_in(details).strip("-* \n\t") == details.strip("-* \n\t")


@pytest.mark.parametrize("rule", ["---", "* * *", "-----", "***"])
def test_a_vendor_may_write_the_line_in_its_own_way(rule: str) -> None:
    assert details_in(f"Words\n\n{rule}\n\n{FOOTER}") == "Words"
    assert details_in(f"Words\r\n\r\n{rule}\r\n{FOOTER}") == "Words"


def test_a_footer_that_somebody_changed_is_no_details() -> None:
    assert details_in("Words\n\n---\nAction item of a postmortem, which I moved") == "Words"
    assert details_in(FOOTER) == ""


def test_a_line_of_their_own_stays() -> None:
    assert details_in("One\n\n---\n\nTwo") == "One\n\n---\n\nTwo"


@given(st.text(max_size=600))
def test_a_title_is_one_short_line(text: str) -> None:
    title = title_of(text)
    assert len(title) <= TITLE_LIMIT
    assert len(title.splitlines()) <= 1
    assert title_of(title) == title, "said again it is the same"


def test_what_somebody_writes_below_our_footer_is_theirs() -> None:
    assert details_in(f"Above\n\n---\n{FOOTER}\n\nBelow\n\n- one") == "Above\n\nBelow\n\n- one"
    assert split_footer(f"Above\n\n---\n{FOOTER}\nBelow") == ("Above", FOOTER, "Below")


@pytest.mark.parametrize(
    "own", ["Action item of a larger plan:\n\n- one\n- two", "First\n\nAction item of a postmortem in May.\n\nLast"]
)
def test_a_paragraph_that_only_begins_like_our_footer_is_theirs(own: str) -> None:
    assert details_in(own) == own
    assert details_in(body_of(own, FOOTER)) == own


def test_the_footer_moved_up_is_still_ours() -> None:
    assert details_in(f"{FOOTER}\n\nTheir words") == "Their words"


def test_code_at_the_beginning_stays_code() -> None:
    assert details_in(f"\n\n    make test\n\n---\n{FOOTER}") == "    make test"


@pytest.mark.parametrize(
    ("left_open", "closed"),
    [
        ("```\ncode", "```\ncode\n```"),
        ("~~~~ sh\ncode\n~~~", "~~~~ sh\ncode\n~~~\n~~~~"),
        ("Words\n<!-- hidden", "Words\n<!-- hidden\n-->"),
        ("<!-- hidden\n\nmore", "<!-- hidden\n\nmore\n-->"),
        ("<pre>\n\nx", "<pre>\n\nx\n</pre>"),
        ("- ```\n  code", "- ```\n  code"),
    ],
)
def test_what_is_left_open_does_not_swallow_the_footer(left_open: str, closed: str) -> None:
    assert body_of(left_open, FOOTER) == f"{closed}\n\n---\n{FOOTER}"


def in_utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def in_bytes(text: str) -> int:
    return len(text.encode())


@given(
    st.text("ab \n`~-\u00e9\u65e5\U0001f600", max_size=400),
    st.integers(len(FOOTER) + 30, 500),
    st.sampled_from([len, in_utf16, in_bytes]),
)
def test_a_text_is_cut_to_its_limit_and_keeps_the_footer(details: str, limit: int, size: Callable[[str], int]) -> None:
    body = body_of(details, FOOTER)
    made = shortened(body, limit, size)
    assert size(made) <= limit
    assert made == body if size(body) <= limit else made.endswith(f"\n\n---\n{FOOTER}")
    assert split_footer(made)[1] == FOOTER


def test_as_much_of_a_text_is_kept_as_there_is_room_for() -> None:
    made = shortened(body_of("word " * 10_000, FOOTER), 30_000)
    assert len(made) > 29_900


def test_a_comment_pings_nobody() -> None:
    assert "@" not in owner_comment("@channel Bo\nLindqvist")
