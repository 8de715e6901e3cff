"""Words of chat commands, references, links, and who gets a preview."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Visibility
from domain.chat import (
    Channel,
    CommandName,
    CommandText,
    Pointer,
    linked_postmortem,
    may_preview,
    read_command,
    read_pointer,
)
from domain.postmortems.lifecycle import Status

BASE = "https://afterword.example"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", CommandText(CommandName.HELP, "", "")),
        ("  \n ", CommandText(CommandName.HELP, "", "")),
        ("Mine", CommandText(CommandName.MINE, "mine", "")),
        ("create  The checkout\nfailed ", CommandText(CommandName.CREATE, "create", "The checkout failed")),
        ("status #17", CommandText(CommandName.STATUS, "status", "#17")),
        ("delete all", CommandText(None, "delete", "all")),
    ],
)
def test_words(text: str, expected: CommandText) -> None:
    assert read_command(text) == expected


@given(st.text())
def test_any_words_are_read(text: str) -> None:
    said = read_command(text)
    assert len(said.first) <= 60
    read_pointer(said.rest)
    linked_postmortem(text, BASE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pm_xyz", Pointer(id="pm_xyz")),
        ("`pm_xyz`", Pointer(id="pm_xyz")),
        ("inc_1", Pointer(id="inc_1")),
        ("17", Pointer(number=17)),
        ("#17", Pointer(number=17)),
        (f"{BASE}/postmortems/pm_xyz?a=1#b", Pointer(id="pm_xyz")),
        (f"<{BASE}/postmortems/pm_xyz|pm_xyz>", Pointer(id="pm_xyz")),
        ("seventeen", None),
        ("#", None),
        ("12345678901", None),
        ("pm_", None),
        ("user_jane", None),
    ],
)
def test_pointers(text: str, expected: Pointer | None) -> None:
    assert read_pointer(text) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{BASE}/postmortems/pm_xyz", "pm_xyz"),
        (f"{BASE}/postmortems/pm_xyz/", "pm_xyz"),
        (f"{BASE}/postmortems/pm_xyz/edit?x=1", "pm_xyz"),
        (f"{BASE}/postmortems/pm_xyz#impact", "pm_xyz"),
        (f"{BASE}.evil.example/postmortems/pm_xyz", None),
        ("https://evil.example/postmortems/pm_xyz", None),
        (f"https://evil.example/?u={BASE}/postmortems/pm_xyz", None),
        (f"{BASE}/postmortems/pm_xyz@evil.example", None),
        (f"{BASE}/postmortems/", None),
        (f"{BASE}/templates/pm_xyz", None),
    ],
)
def test_links(url: str, expected: str | None) -> None:
    assert linked_postmortem(url, BASE) == expected


MINE = frozenset({"team_a"})


def test_previews_cell_by_cell() -> None:
    """Each cell of status, visibility and channel, written out once more as the sentence of the decision."""
    channels = [
        Channel(outside, private, teams)
        for outside, private, teams in product((True, False), (True, False), (frozenset(), MINE, frozenset({"team_b"})))
    ]
    shown = 0
    for status, visibility, channel in product(Status, Visibility, channels):
        everybody = visibility == "ORGANIZATION" and status in {"PUBLISHED", "ARCHIVED"}
        theirs = visibility == "TEAM" and channel.is_private and "team_a" in channel.team_ids
        expected = not channel.is_outside and (everybody or theirs)
        assert may_preview(status, visibility, MINE, channel) is expected, (status, visibility, channel)
        shown += expected
    assert shown == 2 * 6 + 4
    assert not may_preview(Status.PUBLISHED, Visibility.ORGANIZATION, MINE, Channel()), "what is not known is outside"
    assert not may_preview(Status.DRAFT, Visibility.TEAM, frozenset(), Channel(False, True, frozenset()))
