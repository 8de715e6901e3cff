"""Markdown for trackers that keep Markdown: it mentions nobody, comes back as it was, and is compared by its look."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.text.comparison import looks_same
from integrations.text.mentions import disable_mentions, outside_code, restore_mentions

TEXTS = st.text(st.sampled_from("@`~ab.\n-*|_ \r/"), max_size=60)


@given(TEXTS)
def test_what_was_made_quiet_comes_back(text: str) -> None:
    plain = re.sub(r"\r+\n", "\n", text).rstrip()
    assert restore_mentions(disable_mentions(text)) == plain
    assert disable_mentions(disable_mentions(text)) == disable_mentions(text)


@given(TEXTS)
def test_code_and_what_is_not_are_the_whole(text: str) -> None:
    parts: list[str] = []
    outside_code(text, lambda part: parts.append(part) or part)  # type: ignore[func-returns-value]
    assert outside_code(text, lambda part: part) == text
    assert all(part in text for part in parts)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("@jane", "@\u2060jane"),
        ("(@jane) @acme/team, @all", "(@\u2060jane) @\u2060acme/team, @\u2060all"),
        ("jane@example.com", "jane@example.com"),
        ("https://example.com/@jane", "https://example.com/@jane"),
        ("`@jane` ``a ` @jane`` @jane", "`@jane` ``a ` @jane`` @\u2060jane"),
        ("```py\n@app\n```\n@jane", "```py\n@app\n```\n@\u2060jane"),
        ("~~~\n@app", "~~~\n@app"),
        ("a ` @jane", "a ` @\u2060jane"),
        ("@", "@"),
    ],
)
def test_only_mentions_are_broken(text: str, sent: str) -> None:
    assert disable_mentions(text) == sent


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("- a\n- b", "*   a\n*   b"),
        ("- a\n\n- b", "- a\n- b"),
        ("**a** _b_", "__a__ *b*"),
        ("# A\n\ntext", "# A\ntext\n"),
        ("A\n=", "# A"),
        ("    code", "```\ncode\n```"),
    ],
)
def test_these_look_the_same(one: str, other: str) -> None:
    assert looks_same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        ("a b", "a\n\nb"),
        ("- a\n- b", "1. a\n2. b"),
        ("- a\n  - b", "- a\n- b"),
        ("```\na  b\n```", "```\na b\n```"),
        ("[a](https://x.example)", "[a](https://y.example)"),
        ("**a**", "a"),
        ("", "a"),
        ("    a", "a"),
    ],
)
def test_these_do_not(one: str, other: str) -> None:
    assert not looks_same(one, other)
