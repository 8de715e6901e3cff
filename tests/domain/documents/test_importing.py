"""Other people's postmortems: what of a Markdown document goes where, and that nothing is dropped."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.action_items.action_item import ActionItemStatus
from domain.content.templates import TITLES
from domain.documents.importing.document import LineKind, ReadDocument
from domain.documents.importing.headings import IMPORTED, section_of
from domain.documents.importing.markdown import read_markdown

SHARED = Path(__file__).parents[4] / "shared" / "testdata" / "postmortems"
WHOLE = """# 2026-03-02: Checkout stalled

On call: nobody noticed at first.

## Executive summary

Orders **stalled** for 20 minutes.

## Timeline (UTC)

| Time | Event |
| --- | --- |
| 09:12 | Queue grew |
| 09:3? | Consumer restarted |
| later | Somebody looked again |

## Root Cause Analysis

A lock was never released.

## What went well

- The alert fired

## Lessons learned

Release locks.

## Follow-ups

Agreed in the meeting:

| Action | Owner | Due date | Status | Link |
| --- | --- | --- | --- | --- |
| Release the lock on exit | Dana | 2026-03-20 | In progress | [ABC-1](https://tickets.example/ABC-1) |
| Watch the queue | | soon | Done | |

### Later

- [ ] Write a [runbook](https://wiki.example/runbook)
  with the three commands
- [x] Tell support

## Attendees

- Dana
- Lee

## Weather

It rained.
"""


def everything(read: ReadDocument) -> str:
    events = [f"{one.event} {one.actor or ''}" for one in read.events]
    items = [f"{one.description} {one.details or ''} {one.owner or ''}" for one in read.items]
    return "\n".join([read.title, *read.texts.values(), *events, *items])


def placed_share(read: ReadDocument) -> float:
    """Of the characters that are not blank, how many found a place of their own."""
    total = sum(one.length for one in read.report)
    placed = sum(one.length for one in read.report if one.kind is LineKind.PLACED)
    return placed / total if total else 1.0


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W\d_]{3,}", text.lower()))


def test_a_whole_document() -> None:
    read = read_markdown(WHOLE, "notes.md")
    assert (read.title, read.happened_on) == ("2026-03-02: Checkout stalled", date(2026, 3, 2))
    assert read.texts["summary"].startswith("On call: nobody noticed at first.")
    assert "Orders **stalled** for 20 minutes." in read.texts["summary"]
    assert read.texts["rootCause"] == "A lock was never released."
    assert (
        read.texts["lessonsLearned"]
        == "### What went well\n\n- The alert fired\n\n### Lessons learned\n\nRelease locks."
    )
    assert [(one.at, one.event) for one in read.events] == [
        (datetime(2026, 3, 2, 9, 12, tzinfo=UTC), "Queue grew"),
        (datetime(2026, 3, 2, 9, 30, tzinfo=UTC), "Consumer restarted"),
    ]
    lock, queue, runbook, support = read.items
    assert (lock.description, lock.owner, lock.due_on) == ("Release the lock on exit", "Dana", date(2026, 3, 20))
    assert (lock.status, lock.details) == (ActionItemStatus.IN_PROGRESS, "Link: [ABC-1](https://tickets.example/ABC-1)")
    assert (queue.status, queue.due_on, queue.details) == (ActionItemStatus.COMPLETED, None, "Due date: soon")
    assert runbook.description == "Write a runbook"
    assert runbook.details == "Later\n\nWrite a [runbook](https://wiki.example/runbook)\n\nwith the three commands"
    assert (support.status, support.details) == (ActionItemStatus.COMPLETED, "Later")
    for left in ("later | Somebody looked again", "Agreed in the meeting:", "### Weather\n\nIt rained.", "- Lee"):
        assert left in read.texts[IMPORTED]
    assert read.people == ("Dana", "Lee")
    unplaced = [(one.line, one.text) for one in read.report if one.kind is LineKind.UNPLACED]
    assert unplaced == [
        (15, "| later | Somebody looked again |"),
        (31, "Agreed in the meeting:"),
        (51, "It rained."),
    ]
    assert 0.7 < placed_share(read) < 1


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Lessons Learnt", "lessonsLearned"),
        ("3. Root cause(s)", "rootCause"),
        ("TL;DR", "summary"),
        ("What didn't go well", "lessonsLearned"),
        ("Corrective & preventive actions", "actionItems"),
        ("Timeline (all times in CEST)", "timeline"),
        ("The fix", "resolution"),
        ("Weather", None),
        ("", None),
    ],
)
def test_headings(heading: str, name: str | None) -> None:
    assert section_of(heading) == name


def test_a_document_without_headings_or_words() -> None:
    assert read_markdown("Just words.", "2026-01-02-the-queue_grew.md").title == "The queue grew"
    assert read_markdown("Just words.", "a.md").texts == {"summary": "Just words."}
    empty = read_markdown("", "b.md")
    assert (empty.texts, empty.report, placed_share(empty)) == ({}, (), 1.0)


def test_headings_within_code_are_no_headings() -> None:
    read = read_markdown("# T\n\n## Impact\n\n```\n## Resolution\n```\n", "a.md")
    assert read.texts == {"impact": "```\n## Resolution\n```"}


def test_what_is_too_long_for_a_section_goes_on_in_the_imported_one() -> None:
    read = read_markdown("# T\n\n## Impact\n\n" + "x" * 200_010, "a.md")
    assert len(read.texts["impact"]) == 200_000
    assert read.texts[IMPORTED] == "### Impact, continued\n\n" + "x" * 10


HEADINGS = (f"## {one}" for one in (*TITLES.values(), "Weather", "Attendees"))
BLOCKS = (
    "| one | two |",
    "|---|---|",
    "- epsilon",
    "  zeta",
    "theta iota",
    "```",
    "10:00",
    "### kappa",
    "> lambda",
    "***",
)
LINES = st.sampled_from([*HEADINGS, *BLOCKS, "", "09:1{} alpha beta", "- [ ] gamma delta"])


@given(st.lists(LINES, max_size=40))
def test_no_word_is_dropped(lines: list[str]) -> None:
    text = "\n".join(["# Title", *lines])
    read = read_markdown(text, "2026-01-02.md")
    structure = words(" ".join(one for one in lines if one.startswith("#")))
    missing = words(text) - words(everything(read)) - structure
    assert not missing


@pytest.mark.skipif(not SHARED.is_dir(), reason="a newcomer has no shared folder")
def test_real_postmortems_lose_nothing_but_what_their_structure_says() -> None:
    """Headings and columns became sections and fields, and a time zone is in the instants."""
    structure = {
        "all",
        "times",
        "time",
        "date",
        "event",
        "and",
        "timeline",
        "pacific",
        "hour",
        "clock",
        "october",
        "oct",
        "feb",
        "april",
    }
    zones = {"utc", "cet", "cest", "pst", "gmt"}
    shares: dict[str, list[float]] = {}
    for file in sorted(SHARED.glob("*/*.md")):
        text = file.read_text()
        read = read_markdown(text, file.name)
        headings = words(
            "\n".join(one for one in text.split("\n") if one.startswith("#") or section_of(one.strip("#* ")))
        )
        missing = set(words(text) - words(everything(read)) - headings) - structure - zones
        assert not missing, f"{file.name}: {missing}"
        shares.setdefault(file.parent.name, []).append(placed_share(read))
    assert len(shares) == 4
    assert {name: sum(found) / len(found) > 0.7 for name, found in shares.items()} == dict.fromkeys(shares, True)
