"""Writing suggestions: each rule by its own examples, what is never flagged, and fingerprints that survive edits."""

import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.style.metric_rules import METRIC_RULES, MetricRule
from domain.style.rules import EXAMPLE_PEOPLE, Kind, Rule
from domain.style.suggestions import RULES, Finding, advise_metrics, adviser, fingerprint


def advise(kind: Kind, text: str, *, section: str | None = None, people: Iterable[str] = ()) -> list[Finding]:
    return adviser(people).advise(kind, text, section=section)


EXAMPLES = [(rule, kind) for rule in RULES.values() for kind in sorted(rule.kinds)]


def found(rule: Rule, kind: Kind, text: str) -> list[str]:
    section = next(iter(rule.sections)) if rule.sections else None
    return [one.rule for one in advise(kind, text, section=section, people=EXAMPLE_PEOPLE)]


@pytest.mark.parametrize(("rule", "kind", "text"), [(rule, kind, text) for rule, kind in EXAMPLES for text in rule.bad])
def test_a_bad_example_is_found(rule: Rule, kind: Kind, text: str) -> None:
    assert rule.id in found(rule, kind, text)


@pytest.mark.parametrize(
    ("rule", "kind", "text"), [(rule, kind, text) for rule, kind in EXAMPLES for text in rule.good]
)
def test_a_good_example_is_not(rule: Rule, kind: Kind, text: str) -> None:
    assert rule.id not in found(rule, kind, text)


@pytest.mark.parametrize("rule", METRIC_RULES, ids=lambda one: one.id)
def test_metrics(rule: MetricRule) -> None:
    assert all(rule.id in [one.rule for one in advise_metrics(metrics)] for metrics in rule.bad)
    assert not any(rule.id in [one.rule for one in advise_metrics(metrics)] for metrics in rule.good)


def test_every_rule_says_why_and_what_to_do_and_has_examples() -> None:
    for rule in (*RULES.values(), *METRIC_RULES):
        assert rule.reason.endswith(".")
        assert rule.suggestion.endswith(".")
        assert rule.bad
        assert rule.good


def test_offsets_are_code_points_of_the_line() -> None:
    text = "Erstens \U0001f600\n\n- caf\u00e9 \U0001f600 was obviously down at 14:03"
    told = advise(Kind.SECTION, text)
    lines = text.split("\n")
    assert {(one.rule, one.line) for one in told} == {("wording.certainty", 3), ("time.zone", 3)}
    for one in told:
        assert lines[one.line - 1][one.start : one.end] == one.words
    assert {one.words for one in told} == {"obviously", "14:03"}


@pytest.mark.parametrize(
    "text",
    [
        "`human error`",
        "``a ` human error``",
        "```\nhuman error\n```",
        "~~~ text\nhuman error",
        "    human error",
        "> human error\nand obviously more",
        "## Human error",
        "Human error\n===========",
        '"human error", he said',
        "\u201chuman error\u201d",
        "[human error](https://example.com/human%20error)",
        "[human error][1]\n\n[1]: https://example.com/human%20error",
        "![human error](https://example.com/a.png)",
        "https://example.com/obviously/14:03",
        "<https://example.com/obviously>",
        "<!-- human error -->",
        '<img alt="human error" src="x">',
        "<div>\nhuman error\n</div>",
    ],
)
def test_code_quotes_links_and_headings_are_not_advised_on(text: str) -> None:
    assert advise(Kind.SECTION, text) == []


def test_a_zone_said_once_holds_for_the_whole_text() -> None:
    assert [one.words for one in advise(Kind.SECTION, "At 14:03 it broke.\nAt 14:10 it was back.")] == [
        "14:03",
        "14:10",
    ]
    assert advise(Kind.SECTION, "All times in CET.\n\nAt 14:03 it broke.") == []


def test_names_are_those_who_took_part() -> None:
    text = "Will caused a delay."
    assert advise(Kind.SECTION, text) == []
    assert [one.rule for one in advise(Kind.SECTION, text, people=["Will Power"])] == ["blameless.named-cause"]
    assert advise(Kind.SECTION, "y" * 10, people=["", " ", "(", "a|b", "*" * 500]) == []


def test_words_are_advised_on_once() -> None:
    told = advise(Kind.SECTION, "Bob forgot to renew it.", people=["Bob"])
    assert [one.rule for one in told] == ["blameless.named-cause"]


def test_a_fingerprint_survives_moves_marks_and_blanks_but_not_other_words() -> None:
    one = fingerprint("blameless.human-error", "It was human error.")
    assert one == fingerprint("blameless.human-error", "  - [ ] It  was HUMAN error. ")
    assert one != fingerprint("blameless.human-error", "It was a human error.")
    assert one != fingerprint("time.zone", "It was human error.")
    assert len(one) == 32


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.sampled_from(list(Kind)), st.lists(st.text(max_size=20), max_size=5))
def test_no_text_breaks_it(text: str, kind: Kind, people: list[str]) -> None:
    for one in advise(kind, text, people=people):
        assert 0 <= one.start < one.end
        assert one.words


def test_one_line_of_many_findings_is_read_quickly_and_told_in_part() -> None:
    line = "At 14:03 we should have tested it, obviously, and Bob forgot to. " * 3000
    told = advise(Kind.SECTION, line, people=EXAMPLE_PEOPLE)
    assert 60 <= len(told) <= 500
    assert {one.rule for one in told} >= {"time.zone", "blameless.counterfactual", "wording.certainty"}


@pytest.mark.parametrize(
    "piece", ["a", "<!--", "[", "`", '"', "<", "we ", "14:", "@a", "and ", "(", "[a](", "* ", "because "]
)
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    """Of the processor's time, which others on this machine do not lengthen: eight times the text, not 64 times it."""
    short = min(seconds_to_read(piece * (25_000 // len(piece))) for _ in range(3))
    long = seconds_to_read(piece * (200_000 // len(piece)))
    assert long < 24 * max(short, 0.002), (short, long)
    advise(Kind.ACTION_ITEM, piece * 2_000)


def seconds_to_read(text: str) -> float:
    begun = time.process_time()
    advise(Kind.SECTION, text)
    return time.process_time() - begun
