"""What a public summary starts with, its title, and Markdown as outsiders see it."""

from datetime import UTC, datetime

import pytest

from domain.sharing.rendering import plain_for_outsiders, render_for_outsiders
from domain.sharing.summary import START_LIMIT, Material, feed_title, split_title, start

AT = datetime(2026, 11, 20, 7, 5, tzinfo=UTC)


def material(**more: object) -> Material:
    known = {
        "title": "Down",
        "summary": "It failed.",
        "duration_minutes": 45,
        "resolved_at": AT,
        "measures": 3,
        "done": 1,
    }
    return Material(**{**known, **more})  # type: ignore[arg-type]


def test_it_says_what_the_product_document_says_to_share() -> None:
    text = start(material())
    assert text.startswith("# Down\n\n## What happened\n\nIt failed.\n")
    assert "lasted 45 minutes. It was resolved on November 20, 2026, at 07:05 UTC" in text
    assert "3 improvements to prevent this from happening again. 1 of them is already in place." in text


@pytest.mark.parametrize(("minutes", "words"), [(1, "1 minute."), (60, "1 hour."), (125, "2 hours and 5 minutes.")])
def test_durations(minutes: int, words: str) -> None:
    assert f"lasted {words}" in start(material(duration_minutes=minutes))


def test_what_is_not_known_is_left_to_write() -> None:
    text = start(material(summary="", duration_minutes=None, resolved_at=None, measures=0, done=0))
    assert "…" in text
    assert "None" not in text


def test_a_long_summary_is_cut_at_a_paragraph() -> None:
    text = start(material(summary="\n\n".join(["words " * 100] * 20)))
    assert len(text) < START_LIMIT + 1000
    assert len(start(material(summary="x" * 100_000))) < START_LIMIT + 1000


@pytest.mark.parametrize(
    ("text", "title", "below"),
    [
        ("# Down *again* #\n\nWords", "Down again", "Words"),
        ("\n# [Down](https://x.example)\nWords", "Down", "Words"),
        ("## Not a title\nWords", "Incident summary", "## Not a title\nWords"),
        ("Words", "Incident summary", "Words"),
        ("#\nWords", "Incident summary", "#\nWords"),
        ("", "Incident summary", ""),
    ],
)
def test_titles(text: str, title: str, below: str) -> None:
    assert split_title(text) == (title, below)


def test_titles_in_the_feed_are_words_of_the_text() -> None:
    assert feed_title("# Down\n\nWords") == "Down"
    assert feed_title("## What happened\n\nIt **failed**.") == "It failed."
    assert len(feed_title("word " * 100)) <= 102
    assert feed_title("") == "Incident summary"


def test_outsiders_see_no_people_and_no_way_inside() -> None:
    text = (
        "@jane and `@code` wrote [it](http://db-7.internal/x) up at http://grafana.example.com/d and"
        " [here](https://me.example/p) <https://me.example/q> [mail](mailto:a@example.com) [rel](/x)"
    )
    html = render_for_outsiders(text, "me.example")
    assert html.count("href") == 1
    assert "mailto:a@example.com" in html
    assert "@jane" not in html
    assert "<code>@code</code>" in html
    for private in ("db-7", "grafana", "me.example"):
        assert private not in html


def test_events_without_markdown_name_nobody_either() -> None:
    text = "@jane saw http://10.1.2.3/x, then https://me.example/p. See https://status.example/ or mail a@b.example"
    assert plain_for_outsiders(text, "me.example") == (
        "someone saw [internal link], then [internal link]. See https://status.example/ or mail a@b.example"
    )
