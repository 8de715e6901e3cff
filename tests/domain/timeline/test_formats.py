"""Instants written in the ways that people write them are read back as the same instants."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_datetime
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.timeline.pasted import parse_timeline
from tests.domain.timeline.reading import problems, read, told

Writes = Callable[[datetime], str]


def _in(zone: str, style: str) -> Writes:
    return lambda at: at.astimezone(ZoneInfo(zone)).strftime(style)


def _as(language: str, style: str) -> Writes:
    return lambda at: str(format_datetime(at, style, tzinfo=UTC, locale=language))


def _nth(at: datetime) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(at.day % 10 if at.day not in {11, 12, 13} else 0, "th")
    return f"{at:%B} {at.day}{ending}, {at:%Y} at {at:%H:%M}"


FORMATS: dict[str, Writes] = {
    "ISO 8601": _in("UTC", "%Y-%m-%dT%H:%M:%SZ"),
    "ISO 8601 without seconds": _in("UTC", "%Y-%m-%dT%H:%MZ"),
    "ISO 8601 with an offset": _in("Asia/Kolkata", "%Y-%m-%dT%H:%M:%S%z"),
    "ISO 8601, basic": _in("UTC", "%Y%m%dT%H%M%SZ"),
    "SQL": _in("UTC", "%Y-%m-%d %H:%M:%S"),
    "a log": _in("UTC", "[%Y-%m-%d %H:%M:%S,000]"),
    "a web server's log": _in("America/New_York", "[%d/%b/%Y:%H:%M:%S %z]"),
    "ctime": _in("UTC", "%a %b %d %H:%M:%S %Y"),
    "date(1)": _in("UTC", "%a %b %d %H:%M:%S UTC %Y"),
    "RFC 2822": _in("Europe/Berlin", "%a, %d %b %Y %H:%M:%S %z"),
    "seconds since 1970": lambda at: str(int(at.timestamp())),
    "milliseconds since 1970": lambda at: str(int(at.timestamp() * 1000)),
    "a colon behind": _in("UTC", "%Y-%m-%d %H:%M:"),
    "slashes, year first": _in("UTC", "%Y/%m/%d %H:%M"),
    "dots": _in("UTC", "%d.%m.%Y %H:%M"),
    "dots and Uhr": _in("UTC", "%d.%m.%Y, %H:%M Uhr"),
    "time before date": _in("UTC", "%H:%M %Y-%m-%d"),
    "time, then a date in words": _in("UTC", "%H:%M UTC, %d %B %Y:"),
    "time and date in brackets": _in("UTC", "%H:%M UTC (%b %d, %Y)"),
    "bold time": _in("UTC", "**%Y-%m-%d %H:%M** UTC:"),
    "bold with its colon": _in("UTC", "- **%Y-%m-%d %H:%M UTC:**"),
    "backticks": _in("UTC", "`%Y-%m-%d %H:%M` -"),
    "English, day first": _in("UTC", "%d %b %Y %H:%M"),
    "English, month first": _in("UTC", "%B %d, %Y, %H:%M"),
    "English, ordinal": _nth,
    "English, 12 hours": _in("UTC", "%b %d, %Y %I:%M %p:"),
    "12 hours, small": lambda at: f"{at:%Y-%m-%d} {at:%I:%M}{at:%p}".lower(),
    "12 hours, dots": lambda at: f"{at:%Y-%m-%d} {at:%I.%M} {'a.m.' if at.hour < 12 else 'p.m.'}",
    "12 hours and a zone": _in("America/Los_Angeles", "%A, %B %d, %Y at %I:%M %p PT"),
    "offset of UTC": lambda at: f"{at + timedelta(hours=5, minutes=30):%Y-%m-%d %H:%M} UTC+5:30",
    "zone by its name": _in("Europe/Paris", "%Y-%m-%d %H:%M Europe/Paris"),
    "zone in small letters": _in("Asia/Tokyo", "%Y-%m-%d %H:%M jst"),
    "zone before": lambda at: f"{at:%Y-%m-%d} UTC {at:%H:%M}",
    "military": _in("UTC", "%d %b %Y %H%MZ"),
    "French": _as("fr", "d MMMM yyyy '\u00e0' HH:mm :"),
    "German": _as("de", "EEEE, d. MMMM yyyy, HH:mm 'Uhr':"),
    "Spanish": _as("es", "d 'de' MMMM 'de' yyyy, HH:mm"),
    "Portuguese": _as("pt", "d 'de' MMM 'de' yyyy HH:mm"),
    "Dutch": _as("nl", "EEEE d MMMM yyyy, HH:mm"),
    "Czech": _as("cs", "d. M. yyyy, H:mm"),
    "Russian": _as("ru", "d MMMM yyyy '\u0433.', HH:mm"),
    "Japanese": _as("ja", "y\u5e74M\u6708d\u65e5(E) H\u6642mm\u5206"),
    "Chinese, 12 hours": _as("zh", "y\u5e74M\u6708d\u65e5 ah:mm"),
    "Korean": _as("ko", "y\ub144 M\uc6d4 d\uc77c a h:mm"),
    "range": lambda at: f"{at:%Y-%m-%d %H:%M}\u201323:59",
}
SECONDS = {"ISO 8601", "ISO 8601 with an offset", "ISO 8601, basic", "SQL", "a log", "a web server's log", "ctime"}
SECONDS |= {"date(1)", "RFC 2822", "seconds since 1970", "milliseconds since 1970"}

instants = st.integers(1_072_915_200, 1_988_150_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None)
@given(at=instants)
def test_an_instant_is_read_back_as_it_was_written(name: str, at: datetime) -> None:
    at = at if name in SECONDS else at.replace(second=0)
    line = f"{FORMATS[name](at)} Alert fired"
    parsed = parse_timeline(line, day=date(2019, 5, 5))
    clocks_went_back = [one.code for one in parsed.warnings] == ["clock_twice"]
    assert not parsed.problems, line
    assert [one.event.removeprefix("(until 23:59) ") for one in parsed.events] == ["Alert fired"], line
    assert clocks_went_back or parsed.events[0].at == at, line


@settings(max_examples=200, deadline=None)
@given(at=instants)
def test_a_date_in_numbers_is_read_only_if_it_has_one_reading(at: datetime) -> None:
    parsed = parse_timeline(f"{at:%d/%m/%Y %H:%M} Alert")
    if at.day > 12 or at.day == at.month:
        assert [one.at for one in parsed.events] == [at.replace(second=0)]
    else:
        assert [one.code for one in parsed.problems] == ["ambiguous_date"]
        assert at.replace(second=0) in {one.at for one in parsed.problems[0].readings}
        assert len(parsed.problems[0].readings) == 2


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("1:31 PM: rolled back", "2024-01-15 13:31"),
        ("1:31pm: rolled back", "2024-01-15 13:31"),
        ("1:31p rolled back", "2024-01-15 13:31"),
        ("1.31 p.m. rolled back", "2024-01-15 13:31"),
        ("1:31 p. m. - rolled back", "2024-01-15 13:31"),
        ("1:31\u202fPM \u2014 rolled back", "2024-01-15 13:31"),
        ("12:31 AM: rolled back", "2024-01-15 00:31"),
        ("14:03: rolled back", "2024-01-15 14:03"),
        ("14:03 19/11/2025 rolled back", "2025-11-19 14:03"),
        ("**14:20** UTC: rolled back", "2024-01-15 14:20"),
        ("**14:20** PST: rolled back", "2024-01-15 22:20"),
        ("`14:20` (EST) rolled back", "2024-01-15 19:20"),
        ("14:20 Pacific: rolled back", "2024-01-15 22:20"),
        ("2:20 PM Eastern Time - rolled back", "2024-01-15 19:20"),
        ("Nov 20, 14:03 PST rolled back", "2023-11-20 22:03"),
        ("[20.11.25, 14:03:22] rolled back", "2025-11-20 14:03"),
        ("2025-11-20T14:03-05 rolled back", "2025-11-20 19:03"),
        ("noon: rolled back", "2024-01-15 12:00"),
        ("Thu 14:03 rolled back", "2024-01-18 14:03"),
        ("2:03-2:10 PM rolled back", "2024-01-15 14:03"),
        ("11:50 - 12:10 PM rolled back", "2024-01-15 11:50"),
        ("14:03 UTC - 14:10 UTC - rolled back", "2024-01-15 14:03"),
        ("2025-11-20 14:03 to 2025-11-20 15:10: rolled back", "2025-11-20 14:03"),
        ("14\uff1a03 rolled back", "2024-01-15 14:03"),
        ("\u23f0 14:03 rolled back", "2024-01-15 14:03"),
        (":rotating_light: 14:03 rolled back", "2024-01-15 14:03"),
        ("> 14:03 rolled back", "2024-01-15 14:03"),
        ("14:03;rolled back", "2024-01-15 14:03"),
        ("14:03h rolled back", "2024-01-15 14:03"),
        ("kl. 14.03 rolled back", "2024-01-15 14:03"),
        ("2025. 11. 20. 14:03 rolled back", "2025-11-20 14:03"),
    ],
)
def test_one_line_with_a_time(line: str, at: str) -> None:
    parsed = read(line)
    assert not parsed.problems
    assert [(one, words.split(") ")[-1]) for one, words in told(parsed)] == [(at, "rolled back")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("14:03 14:10 Alert", "unread_time"),
        ("14:03 (15:03 CET) Alert", "unread_time"),
        ("14:03:22:123 Alert", "unread_time"),
        ("14.03 Alert", "unread_time"),
        ("14:03ish Alert", "unread_time"),
        ("14:03 20/11 Alert", "unread_time"),
        ("14:3 Alert", "unread_time"),
        ("2025-11-20, roughly at 14:3 Alert", None),
        ("2025-11-20 \u2013 circa um 14:03 Alert", "unread_time"),
        ("today at 14:03 Alert", "relative_date"),
        ("Friday, November 20, 2025 14:03 Alert", "wrong_weekday"),
        ("0:31 PM Alert", "no_such_time"),
        ("13:31 AM Alert", "no_such_time"),
        ("midnight: Alert", "ambiguous_time"),
        ("20. listopad 2025 14:03 Alert", "ambiguous_date"),
        ("3/4 14:03 Alert", "ambiguous_date"),
        ("25/11/20 14:03 Alert", "ambiguous_date"),
    ],
)
def test_a_time_that_is_not_read_whole_is_a_problem(line: str, code: str | None) -> None:
    assert problems(read(line)) == ([(1, code)] if code else [])


@pytest.mark.parametrize(
    "line",
    [
        "14:03 2 pods are down",
        "14:03 3 may be slow",
        "14:03 3/20 pods are down",
        "14:03 10.0.0.1 is away",
        "14:03 1.25.10 is out",
        "14:03 Central database failed",
    ],
)
def test_words_behind_a_time_that_only_look_like_one(line: str) -> None:
    parsed = read(line)
    assert told(parsed) == [("2024-01-15 14:03", line.removeprefix("14:03 "))]
    assert not parsed.problems


def test_a_time_without_am_or_pm_beside_others_with_them_has_two_readings() -> None:
    text = "1:31 PM Alert\n1:45 Paged\n13:50 Fixed"
    parsed = read(text)
    assert problems(parsed) == [(2, "ambiguous_time")]
    assert [f"{one.at:%H:%M}" for one in parsed.problems[0].readings] == ["01:45", "13:45"]
    choice = parsed.problems[0].choice or ""
    chosen = parse_timeline(text, day=date(2024, 1, 15), choices={choice: "PM"})
    assert [f"{one.at:%H:%M}" for one in chosen.events] == ["13:31", "13:45", "13:50"]


def test_choices_settle_each_kind_of_ambiguity() -> None:
    text = "02/03/2024 14:03 CST Alert\n3 listopad 2024 00:10 Fixed\nmidnight: Over"
    first = parse_timeline(text)
    assert [one.choice for one in first.problems] == ["zone CST", "month listopad", "month listopad"]
    choices = {"zone CST": "America/Chicago", "dateOrder": "MONTH_FIRST", "month listopad": "listopad=11"}
    parsed = parse_timeline(text, choices=choices | {"time midnight: Over": "END_OF_DAY"})
    assert told(parsed) == [
        ("2024-02-03 20:03", "Alert"),
        ("2024-11-03 00:10", "Fixed"),
        ("2024-11-04 00:00", "Over"),
    ]
    wrong = parse_timeline(text, choices={"zone CST": "Europe/Berlin", "dateOrder": "nonsense"})
    assert [one.choice for one in wrong.problems] == [one.choice for one in first.problems]


def test_a_column_of_time_zones_applies_to_each_row() -> None:
    parsed = read("Time,Time zone,Event\n14:03,PST,a\n14:05,Europe/Berlin,b\n14:06,CST,c\n14:07,Foo,d\n14:08,,e")
    assert told(parsed) == [("2024-01-15 22:03", "a"), ("2024-01-15 13:05", "b"), ("2024-01-15 14:08", "e")]
    assert problems(parsed) == [(4, "ambiguous_zone"), (5, "unknown_zone")]
    windows = read("When | TZ | What\n--- | --- | ---\n14:03 | W. Europe Standard Time | a")
    assert told(windows) == [("2024-01-15 13:03", "a")]


def test_a_column_of_weekdays_beside_the_date_is_checked() -> None:
    parsed = read("Day,Date,Time,Event\nThursday,2025-11-20,14:03,a\nFriday,2025-11-20,14:05,b")
    assert told(parsed) == [("2025-11-20 14:03", "a")]
    assert problems(parsed) == [(3, "wrong_weekday")]
    assert told(read("Day,Time,Event\n2025-11-20,14:03,a")) == [("2025-11-20 14:03", "a")]


def test_a_heading_with_a_comma_is_no_row_of_a_table() -> None:
    for heading in ("November 20, 2025", "Thursday, November 20, 2025", "## Nov 20, 2025", "**20 November, 2025**"):
        parsed = read(f"{heading}\n14:03 Alert, again\n2:05 PM, fixed")
        assert told(parsed) == [("2025-11-20 14:03", "Alert, again"), ("2025-11-20 14:05", "fixed")], heading
        assert not parsed.problems
    assert told(read("Nov 20, 2025,14:03,a\nNov 20, 2025,14:05,b")) == [
        ("2025-11-20 14:03", "a"),
        ("2025-11-20 14:05", "b"),
    ]
    assert told(read('Date,Event\n"November 20, 2025 14:03",a')) == [("2025-11-20 14:03", "a")]


def test_a_header_states_the_order_of_dates() -> None:
    assert told(read("Date (DD/MM/YYYY),Time,Event\n02/03/2025,14:03,a")) == [("2025-03-02 14:03", "a")]
    assert told(read("Date (MM/DD/YYYY) | Time | Event\n--- | --- | ---\n02/03/2025 | 14.03 | a")) == [
        ("2025-02-03 14:03", "a")
    ]


def test_a_cell_that_is_not_read_whole_is_a_problem() -> None:
    parsed = read("| Time | Event |\n|---|---|\n| 14:03 / 14:10 | a |\n| 1405 | b |\n| 14:06 (approx.) | c |")
    assert problems(parsed) == [(3, "unread_time")]
    assert told(parsed) == [("2024-01-15 14:05", "b"), ("2024-01-15 14:06", "(approx.) c")]
