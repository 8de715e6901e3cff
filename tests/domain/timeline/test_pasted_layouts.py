"""Tables, separated values, headings and prose are read as a timeline."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.postmortems.first_draft import EntryType
from domain.timeline.event_types import RULES, guess_type
from domain.timeline.moments import Precision
from tests.domain.timeline.reading import problems, read, told


def test_markdown_tables() -> None:
    text = """
Time | Event | Who | Type | Link
--- | --- | --- | --- | ---
14:03 | Pool `a \\| b` full | @jane | detection | [graph](https://example.com)
14:05 - 14:20 | Looked around | Bob | |
14:?? | Somebody restarted it<br>twice | | mitigation |
14:30 | Told everybody | | Comms |
HH:MM | what happened | | |
 | | | |
"""
    parsed = read(text)
    assert told(parsed) == [
        ("2024-01-15 14:03", "Pool `a | b` full \u2014 Link: [graph](https://example.com)"),
        ("2024-01-15 14:05", "(until 14:20) Looked around"),
        ("2024-01-15 14:00", "Somebody restarted it\ntwice"),
        ("2024-01-15 14:30", "Told everybody \u2014 Type: Comms"),
    ]
    assert [one.actor for one in parsed.events] == ["jane", "Bob", None, None]
    assert [one.type.value for one in parsed.events] == ["DETECTION", "OTHER", "MITIGATION", "OTHER"]
    assert problems(parsed) == [(8, "template_row")]


def test_a_row_that_tells_only_a_date_is_the_date_of_those_below() -> None:
    parsed = read(
        "Date | Time | Event\n---|---|---\n2024-02-03 | | \n | 14:03 | Alert\n2024-02-04 | 9:00 | Fixed\n | 9:30 | Told"
    )
    assert [at for at, _ in told(parsed)] == ["2024-02-03 14:03", "2024-02-04 09:00", "2024-02-04 09:30"]
    assert not parsed.problems


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", " | "])
def test_separated_values_with_and_without_a_header(delimiter: str) -> None:
    rows = [("2024-02-03", "14:03", "Alert", "jane"), ("2024-02-03", "14:05", "It is down", "bob")]
    plain = "\n".join(delimiter.join(row) for row in rows)
    headed = delimiter.join(("Date", "Time (CET)", "What happened", "Who")) + "\n" + plain
    parsed = read(headed)
    assert told(parsed) == [("2024-02-03 13:03", "Alert"), ("2024-02-03 13:05", "It is down")]
    assert [one.actor for one in parsed.events] == ["jane", "bob"]
    assert [at for at, _ in told(read(plain))] == ["2024-02-03 14:03", "2024-02-03 14:05"]


def test_quoted_csv_may_hold_delimiters_and_lines() -> None:
    parsed = read('time,event\r\n14:03,"a, b"\r\n14:05,"two\r\nlines"\r\n14:07,c\r\n')
    assert told(parsed) == [
        ("2024-01-15 14:03", "a, b"),
        ("2024-01-15 14:05", "two\nlines"),
        ("2024-01-15 14:07", "c"),
    ]
    assert [one.line for one in parsed.events] == [2, 3, 5]


def test_commas_in_prose_are_no_table() -> None:
    parsed = read("14:03, we saw it, at last\n14:05, all, of, it\n14:09 done, finally")
    assert [words for _, words in told(parsed)] == ["we saw it, at last", "all, of, it", "done, finally"]


def test_what_is_indented_or_fenced_belongs_to_the_event_above() -> None:
    parsed = read(
        "- 14:03 Alert\n  - it said `x`\n\n```\n14:04 in a log\n```\n- 14:05 Next\nwhich goes on\n\nA stray line"
    )
    assert told(parsed) == [
        ("2024-01-15 14:03", "Alert\n  - it said `x`\n\n```\n14:04 in a log\n```"),
        ("2024-01-15 14:05", "Next\nwhich goes on"),
    ]
    assert problems(parsed) == [(10, "no_time")]


def test_headings_carry_dates_times_and_zones() -> None:
    text = """
## Timeline (UTC)

### January 15, 2024 - The first one
Some words about that day.

- **21:45** - Deployed

### Jan 16

It was quiet.

### 17:05 (or so)

Restarted.

- twice

### 17. January, 11:00

Closed.
"""
    parsed = read(text, day=None)
    assert told(parsed) == [
        ("2024-01-15 21:45", "Deployed"),
        ("2024-01-16 00:00", "It was quiet."),
        ("2024-01-16 17:05", "(or so)\n\nRestarted.\n\n- twice"),
        ("2024-01-17 11:00", "Closed."),
    ]
    assert parsed.events[1].precision is Precision.DAY
    assert problems(parsed) == [(5, "no_time")]


def test_an_actor_is_named_before_a_colon_or_begins_the_sentence() -> None:
    parsed = read("14:03 @jane: restarted it\n14:04 @bob.m looks\n14:05 @a and @b talk\n14:06 mail to x@y.z: sent")
    assert [(one.actor, one.event) for one in parsed.events] == [
        ("jane", "restarted it"),
        ("bob.m", "@bob.m looks"),
        (None, "@a and @b talk"),
        (None, "mail to x@y.z: sent"),
    ]


@pytest.mark.parametrize(("rule", "line"), [(rule.type, line) for rule in RULES for line in rule.good])
def test_words_tell_the_type(rule: EntryType, line: str) -> None:
    assert guess_type(line) is rule


@pytest.mark.parametrize(("rule", "line"), [(rule.type, line) for rule in RULES for line in rule.bad])
def test_words_that_only_look_like_a_type_do_not_tell_it(rule: EntryType, line: str) -> None:
    assert guess_type(line) is not rule


def test_the_order_of_the_text_is_kept_and_5000_lines_are_read() -> None:
    text = "\n".join(f"{place // 60 % 24:02}:{place % 60:02} step {place}" for place in range(1440))
    assert [one.event for one in read(text).events] == [f"step {place}" for place in range(1440)]
    many = read("\n".join(f"14:03 step {place}" for place in range(5001)))
    assert len(many.events) == 5000
    assert problems(many) == [(5001, "too_many")]


def test_a_text_of_very_many_lines_or_columns_is_read_up_to_a_limit() -> None:
    parsed = read("14:03 Alert\n" + "nothing\n" * 60_000)
    assert parsed.problems[-1].line == 50_001
    assert parsed.problems[-1].code == "too_many_lines"
    wide = "14:03" + "\t" + "\t".join(f"c{place}" for place in range(100))
    assert all(f"c{place}" in read(f"{wide}\n{wide}").events[0].event for place in range(100))
    read("|" * 500_000)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet="0123456789:-|?,;\t\n #*[]()apmUTC+~", max_size=300))
def test_no_text_breaks_it_and_nothing_is_dropped_in_silence(text: str) -> None:
    parsed = read(text)
    assert all(one.event and one.at.tzinfo for one in parsed.events)
    lines = re.split(r"\r\n|\r|\n", text)
    assert all(1 <= one.line <= len(lines) for one in (*parsed.events, *parsed.problems))
