"""Texts on both sides, edited so that the visible letters stay alike: each edit is synced once, and none comes back.

The documents are made of pieces that a person would write, each in variants with the same letters. What a tracker does
to a text is its own code: the round trip through its format.
"""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.tickets.following import details_from
from domain.tickets.merge import Agreed, Decision, Outcome, Theirs, merge_field
from domain.tickets.projection import Winner
from domain.tickets.texts import body_of, split_footer
from integrations import registry
from integrations.tracker import Tracker
from integrations.trackers.asana.html import normal as from_asana
from integrations.trackers.github.issues import marked as to_github
from integrations.trackers.github.issues import plain as from_github
from integrations.trackers.gitlab.texts import marked as to_gitlab
from integrations.trackers.gitlab.texts import plain as from_gitlab
from integrations.trackers.jira.adf import normal as from_jira
from integrations.trackers.linear.texts import as_ours, written
from tests.peers.linear.texts import serialized
from tests.sync.scene import peer_classes

FOOTER = "Action item of a [postmortem](https://afterword.example/postmortems/pm_1). Priority HIGH."
RETURNED: dict[str, Callable[[str], str]] = {
    "asana": from_asana,
    "console": lambda text: text,
    "github": lambda text: from_github(to_github(text, None)),
    "gitlab": lambda text: from_gitlab(to_gitlab(text, None)),
    "jira": from_jira,
    "linear": lambda text: as_ours(serialized(written(text))),
}
"""A text as each tracker gives it back."""
PIECES = (
    ("- [ ] page earlier", "- [x] page earlier", "- page earlier", "1. page earlier"),
    (
        "See the [runbook](https://a.example/1)",
        "See the [runbook](https://a.example/2)",
        "See the **runbook**",
        "See the *runbook*",
        "See the ~~runbook~~",
        "See the `runbook`",
        "See the runbook",
    ),
    ("# Cause", "## Cause", "### Cause", "Cause", "> Cause"),
    ("```sh\nmake test\n```", "```python\nmake test\n```", "```\nmake test\n```", "`make test`"),
    ("| a | b |\n| --- | --- |\n| 1 | 2 |", "| a | b |\n| --- | --- |\n| **1** | [2](https://a.example) |"),
    ("- one\n  - two", "- one\n- two", "1. one\n2. two", "1. one\n   - two"),
    ("Ask @jane, `@bo` and <https://a.example>", "Ask @jane, `@bo` and **<https://a.example>**"),
)
DOCUMENTS = st.lists(st.tuples(st.integers(0, len(PIECES) - 1), st.integers(0, 9)), min_size=1, max_size=6)
EDITS = st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 9)), max_size=6)


def text_of(document: list[tuple[int, int]]) -> str:
    return "\n\n".join(variant_of(*one) for one in document)


def variant_of(piece: int, variant: int) -> str:
    return PIECES[piece][variant % len(PIECES[piece])]


class Sides:
    """An item's details and its ticket's text, and what both last agreed on."""

    def __init__(self, kind: str, ours: str) -> None:
        self.tracker: type[Tracker] = registry.tracker(kind)
        self.returned = RETURNED[kind]
        self.ours = ours
        self.theirs = ""
        self.base = Agreed(ours, None)
        self._write()

    def _write(self) -> None:
        """As a push does: ours is sent, and what the tracker made of it becomes their half of the base."""
        self.theirs = self.returned(body_of(self.ours, FOOTER))
        self.base = Agreed(self.ours, self.theirs)

    def edit_theirs(self, details: str) -> None:
        self.theirs = self.returned(body_of(details, FOOTER))

    def sync(self) -> Outcome:
        details = details_from(self.theirs, self.ours, self.base, FOOTER, self.tracker)
        decision: Decision = merge_field(self.base, self.ours, Theirs(self.theirs, details), Winner.OURS)
        assert not decision.conflict
        self.base = decision.agreed
        if decision.outcome is Outcome.IN:
            self.ours = decision.agreed.ours or ""
        elif decision.outcome is Outcome.OUT:
            self._write()
        return decision.outcome

    def alike(self) -> bool:
        theirs = split_footer(self.theirs)[0]
        return self.tracker.canonical(self.ours) == self.tracker.canonical(theirs)


@pytest.mark.parametrize("kind", sorted(RETURNED))
@settings(max_examples=60, deadline=None)
@given(document=DOCUMENTS, edits=EDITS)
def test_every_edit_is_synced_once_and_none_comes_back(
    kind: str, document: list[tuple[int, int]], edits: list[tuple[bool, int, int]]
) -> None:
    sides = Sides(kind, text_of(document))
    assert sides.sync() is Outcome.NOTHING
    for is_theirs, place, variant in edits:
        before = text_of(document)
        at = place % len(document)
        document[at] = (document[at][0], variant)
        wanted = text_of(document)
        differs = sides.tracker.canonical(before) != sides.tracker.canonical(wanted)
        if is_theirs:
            sides.edit_theirs(wanted)
            assert sides.sync() is (Outcome.IN if differs else Outcome.NOTHING)
        else:
            sides.ours = wanted
            assert sides.sync() is (Outcome.OUT if differs else Outcome.NOTHING)
        assert sides.alike()
        assert sides.tracker.canonical(sides.ours) == sides.tracker.canonical(wanted)
        kept = sides.ours, sides.theirs
        assert [sides.sync() for _ in range(2)] == [Outcome.NOTHING] * 2, "no ping-pong"
        assert kept == (sides.ours, sides.theirs)
        document = list(document)


@pytest.mark.parametrize("kind", sorted(RETURNED))
def test_what_a_tracker_cannot_express_stays_ours_when_another_part_is_edited_there(kind: str) -> None:
    ours = '```sh\nmake test\n```\n\nSee [it](https://a.example/1 "a title")\n\n* a\n* b\n\nLast words'
    sides = Sides(kind, ours)
    sides.edit_theirs(ours.replace("Last words", "**Last** words"))
    assert sides.sync() is Outcome.IN
    assert sides.ours == ours.replace("Last words", "**Last** words")


@pytest.mark.parametrize("kind", sorted(peer_classes()))
def test_what_there_was_no_room_for_stays_ours_when_the_rest_is_edited_there(kind: str) -> None:
    tracker = registry.tracker(kind)
    limit = (tracker.text_limit or 0) + 20_000
    ours = "- [ ] page earlier\n\n" + "".join(f"Line {number} of many, many lines.\n" for number in range(limit // 25))
    ours = ours.strip()
    sent = tracker.shortened(body_of(ours, FOOTER))
    assert sent != body_of(ours, FOOTER)
    before = RETURNED[kind](sent)
    theirs = before.replace("[ ] page", "[x] page")
    details = details_from(theirs, ours, Agreed(ours, before), FOOTER, tracker)
    assert details == ours.replace("[ ] page", "[x] page")
    assert details_from(before, ours, Agreed(ours, None, seen=False), FOOTER, tracker) == ours


def test_every_tracker_is_tried() -> None:
    assert sorted(RETURNED) == sorted(registry.tracker_kinds())
