"""Who is spoken to, and what only looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.comments.mentions import HANDLE_LIMIT, mentions


def handles(text: str) -> list[str]:
    return [one.handle for one in mentions(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@jane, please look", ["jane"]),
        ("Ask @Jane.Doe or @bob-2.", ["jane.doe", "bob-2"]),
        ("(@jane) *@bob* **@alice**", ["jane", "bob", "alice"]),
        ("- one for @jane\n- one for @jane", ["jane"]),
        ("> @jane said\n\n# @bob", ["jane", "bob"]),
        ("[@jane](https://example.com/@bob)", ["jane"]),
        ("@jane's pool", ["jane"]),
    ],
)
def test_people_are_spoken_to(text: str, found: list[str]) -> None:
    assert handles(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "`@jane`",
        "```\n@jane\n```",
        "    @jane in an indented block",
        "jane@example.com and <jane@example.com>",
        "jane.doe+x@example.com",
        r"\@jane",
        "https://example.com/@jane and https://example.com/?by=@jane",
        "https://example.com/a;@jane",
        "@jane@social.example",
        "@",
        "@ jane",
        "@.jane",
        "@" + "x" * (HANDLE_LIMIT + 1),
        "<!-- @jane -->",
        '<a title="@jane">x</a>',
        "@janeé",
    ],
)
def test_nobody_is_spoken_to(text: str) -> None:
    assert handles(text) == []


def test_a_full_stop_may_belong_to_the_handle() -> None:
    (one,) = mentions("Ask @jane._")
    assert (one.handle, one.spellings) == ("jane", ("jane._", "jane.", "jane"))


@given(st.text(alphabet="@ab.-_`\\ <>/:\n[]()*é", max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    for one in mentions(text):
        assert one.spellings[-1] == one.handle
        assert f"@{one.handle}" in text.lower()


def test_long_texts_are_read_in_no_time() -> None:
    assert handles("@a" + "." * 20_000) == ["a"]
    assert len(handles(" ".join(f"@p{n}" for n in range(3000)))) == 3000
