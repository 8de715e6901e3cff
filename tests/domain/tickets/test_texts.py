"""An action item as a ticket says it, and what of a ticket's text is an item's."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tickets.texts import TITLE_LIMIT, body_of, details_in, footer_of, owner_comment, reads_alike, title_of

FOOTER = footer_of("https://afterword.example/postmortems/pm_1", "HIGH", date(2026, 12, 1))
words = st.text("abc *-_#>`[]()\n123@", max_size=80).map(str.strip).filter(lambda text: "Action item of" not in text)


@given(words)
def test_what_was_written_is_read_again(details: str) -> None:
    assert details_in(body_of(details, FOOTER)) == details


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


def test_a_reader_sees_the_same() -> None:
    assert reads_alike("- one\n- two", "* one\n* two\n")
    assert not reads_alike("- one", "- two")


def test_a_comment_pings_nobody() -> None:
    assert "@" not in owner_comment("@channel Bo\nLindqvist")
