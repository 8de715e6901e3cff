"""A pasted text becomes a timeline: times, zones, dates, and real ones."""

import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.people.time_zones import NoZone, Zone, ZoneProblem, read_zone
from domain.timeline.moments import Precision
from domain.timeline.pasted import parse_timeline
from tests.domain.timeline.reading import problems, read, told

REAL = Path("/work/shared/testdata/postmortems")


@pytest.mark.parametrize(
    ("line", "at", "precision"),
    [
        ("14:03 Alert", "2024-01-15 14:03", Precision.MINUTE),
        ("- 14:03 UTC: Alert", "2024-01-15 14:03", Precision.MINUTE),
        ("* [14:03] Alert", "2024-01-15 14:03", Precision.MINUTE),
        ("1. 14:03 - Alert", "2024-01-15 14:03", Precision.MINUTE),
        ("- [x] 14:03 Alert", "2024-01-15 14:03", Precision.MINUTE),
        ("- **14:03 UTC** - Alert", "2024-01-15 14:03", Precision.MINUTE),
        ("14:03Z → Alert", "2024-01-15 14:03", Precision.MINUTE),
        ("12:00 - 14:03 (CET) Alert", "2024-01-15 11:00", Precision.MINUTE),
        ("2024-02-03 14:03 \u2013 Alert", "2024-02-03 14:03", Precision.MINUTE),
        ("2024-02-03T14:03:22.5Z Alert", "2024-02-03 14:03", Precision.SECOND),
        ("2024-02-03 14:03:22 +0100 Alert", "2024-02-03 13:03", Precision.SECOND),
        ("2024-02-03T14:03:22-05:00 Alert", "2024-02-03 19:03", Precision.SECOND),
        ("2:03pm PST Alert", "2024-01-15 22:03", Precision.MINUTE),
        ("2:03 p.m. PT: Alert", "2024-01-15 22:03", Precision.MINUTE),
        ("12:03 am Alert", "2024-01-15 00:03", Precision.MINUTE),
        ("2 PM Alert", "2024-01-15 14:00", Precision.MINUTE),
        ("17:14pm Alert", "2024-01-15 17:14", Precision.MINUTE),
        ("14h03 Alert", "2024-01-15 14:03", Precision.MINUTE),
        ("24:00 Alert", "2024-01-16 00:00", Precision.MINUTE),
        ("14:?? Alert", "2024-01-15 14:00", Precision.HOUR),
        ("14:0? Alert", "2024-01-15 14:00", Precision.TEN_MINUTES),
        ("~14:03 Alert", "2024-01-15 14:03", Precision.TEN_MINUTES),
        ("ca. 14:03 Alert", "2024-01-15 14:03", Precision.TEN_MINUTES),
        ("2X:XX Alert", "2024-01-15 20:00", Precision.DAY),
        ("2024-02-03 --:-- Alert", "2024-02-03 00:00", Precision.DAY),
        ("2024-02-03: Alert", "2024-02-03 00:00", Precision.DAY),
        ("22:30 UTC (Oct 29) - Alert", "2023-10-29 22:30", Precision.MINUTE),
        ("14:03 UTC, 3 February 2024: Alert", "2024-02-03 14:03", Precision.MINUTE),
        ("Sat, 3 Feb 2024 14:03 Alert", "2024-02-03 14:03", Precision.MINUTE),
        ("Feb 3rd, 14:03 Alert", "2024-02-03 14:03", Precision.MINUTE),
        ("03.02.2024 14:03 Alert", "2024-02-03 14:03", Precision.MINUTE),
        ("31/01/2024 14:03 Alert", "2024-01-31 14:03", Precision.MINUTE),
        ("14:03 Europe/Berlin Alert", "2024-01-15 13:03", Precision.MINUTE),
        ("14:03 UTC+2 Alert", "2024-01-15 12:03", Precision.MINUTE),
        ("1705327380 Alert", "2024-01-15 14:03", Precision.SECOND),
        ("1705327380123 Alert", "2024-01-15 14:03", Precision.SECOND),
    ],
)
def test_a_line_that_begins_with_a_time(line: str, at: str, precision: Precision) -> None:
    parsed = read(line)
    assert not parsed.problems
    assert [(one, words.removeprefix("(until 14:03) ")) for one, words in told(parsed)] == [(at, "Alert")]
    assert parsed.events[0].precision is precision
    assert parsed.events[0].at.tzinfo is UTC


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("HH:MM | what happened", "template_row"),
        ("YYYY-MM-DD HH:MM Something", "template_row"),
        ("| --:-- | Event |", "template_row"),
        ("14:03 <what happened>", "template_row"),
        ("14:03 ...", "template_row"),
        ("14:03", "no_words"),
        ("We noticed it", "no_time"),
        ("T+5m We noticed it", "no_time"),
        ("10.0.0.1:8080 refused connections", "no_time"),
        ("25:10 Alert", "no_such_time"),
        ("14:3 Alert", "unread_time"),
        ("14:03 14:05 Alert", "unread_time"),
        ("13:03 AM Alert", "no_such_time"),
        ("midnight: Alert", "ambiguous_time"),
        ("14:03 CST Alert", "ambiguous_zone"),
        ("14:03 IST Alert", "ambiguous_zone"),
        ("14:03 BST Alert", "ambiguous_zone"),
        ("14:03 Europe/Atlantis Alert", "unknown_zone"),
        ("14:03 " + "long " * 3000, "too_long"),
    ],
)
def test_what_is_not_understood_is_told_with_its_text(line: str, code: str) -> None:
    parsed = read(f"14:00 Before\n{line}\n14:10 After")
    assert problems(parsed) == [(2, code)]
    assert parsed.problems[0].text == line.strip()[:300]
    assert [one.event for one in parsed.events] == ["Before", "After"]


@pytest.mark.parametrize(
    ("line", "code", "then"),
    [
        ("2024-02-30 14:03 Alert", "no_such_date", "no_date"),
        ("20242-01-16 12:00 Alert", "no_such_date", "no_date"),
        ("Tuesday, 15 January 2024 14:03 Alert", "wrong_weekday", "no_date"),
        ("yesterday at 14:03 Alert", "relative_date", "no_date"),
        ("02/03/2024 14:03 Alert", "ambiguous_date", "ambiguous_date"),
        ("### 2024-02-30", "no_such_date", "no_date"),
    ],
)
def test_times_below_a_date_that_is_not_understood_have_no_date(line: str, code: str, then: str) -> None:
    parsed = read(f"14:00 Before\n{line}\n14:10 After")
    assert problems(parsed) == [(2, code), (3, then)]
    assert [one.event for one in parsed.events] == ["Before"]


def test_a_time_without_any_date_asks_for_one() -> None:
    assert problems(read("14:03 Alert", day=None)) == [(1, "no_date")]
    assert told(read("2024-02-03\n14:03 Alert", day=None)) == [("2024-02-03 14:03", "Alert")]


def test_the_default_zone_resolves_an_ambiguous_abbreviation() -> None:
    assert told(read("14:03 CST Alert", default="America/Chicago")) == [("2024-01-15 20:03", "Alert")]
    assert told(read("14:03 CST Alert", default="Asia/Shanghai")) == [("2024-01-15 06:03", "Alert")]
    assert told(read("14:03 BST Alert", default="Europe/London")) == [("2024-01-15 13:03", "Alert")]
    refused = read("14:03 CST Alert", default="Europe/Berlin").problems[0]
    assert "Asia/Shanghai" in refused.message
    assert "America/Chicago" in refused.message


def test_a_word_that_begins_like_a_zone_is_none() -> None:
    parsed = read("14:03 Z-Wave is down\n14:04 Zone b too\n14:05 ETL failed")
    assert told(parsed) == [
        ("2024-01-15 14:03", "Z-Wave is down"),
        ("2024-01-15 14:04", "Zone b too"),
        ("2024-01-15 14:05", "ETL failed"),
    ]


def test_zones_are_names_offsets_and_abbreviations() -> None:
    for name in ("UTC", "Europe/Berlin", "US/Pacific", "+05:30", "-0800", "UTC+2", "GMT-3", "CEST", "PT", "z"):
        assert isinstance(read_zone(name), Zone), name
    for name in ("", "Mars", "../etc/passwd", "/etc/passwd", "Europe", "+15:00", "+01:99", "Europe/\0", "posix/x/y/z"):
        assert read_zone(name) == NoZone(" ".join(name.split()), ZoneProblem.UNKNOWN), name


def test_a_zone_is_stated_in_a_heading_a_sentence_or_a_column() -> None:
    assert told(read("## Timeline (CET)\n14:03 Alert")) == [("2024-01-15 13:03", "Alert")]
    assert told(read("*(All times US/Pacific, 24-hour clock.)*\n\n14:03 Alert")) == [("2024-01-15 22:03", "Alert")]
    assert told(read("All times in PST (UTC-7)\n14:03 Alert")) == [("2024-01-15 21:03", "Alert")]
    assert told(read("Times are Pacific time.\n14:03 Alert")) == [("2024-01-15 22:03", "Alert")]
    assert told(read("| Time (CET) | Event |\n|--|--|\n| 14:03 | Alert |")) == [("2024-01-15 13:03", "Alert")]
    assert told(read("Date and time in CET\tEvent\n2024-02-03 14:03\tAlert")) == [("2024-02-03 13:03", "Alert")]
    assert problems(read("All times in IST\n14:03 Alert")) == [(1, "ambiguous_zone"), (2, "ambiguous_zone")]


def test_times_run_past_midnight_with_a_warning() -> None:
    parsed = read("23:50 Alert\n00:05 Paged\n00:20 Fixed\n00:15 Noted late")
    assert [at for at, _ in told(parsed)] == [
        f"2024-01-{at}" for at in ("15 23:50", "16 00:05", "16 00:20", "16 00:15")
    ]
    assert [(one.line, one.code) for one in parsed.warnings] == [(2, "next_day")]


def test_a_list_with_the_newest_first_is_warned_of_at_midnight() -> None:
    parsed = read("00:20 Fixed\n00:05 Paged\n23:50 Alert")
    assert [(one.line, one.code) for one in parsed.warnings] == [(3, "newest_first")]


def test_hours_that_come_twice_or_never_are_warned_of() -> None:
    parsed = read("2024-03-31 02:30 Skipped\n2024-10-27 02:30 Twice", default="Europe/Berlin")
    assert told(parsed) == [("2024-03-31 01:30", "Skipped"), ("2024-10-27 00:30", "Twice")]
    assert [one.code for one in parsed.warnings] == ["clock_never", "clock_twice"]


def test_a_machine_without_zones_of_its_own_reads_the_same() -> None:
    code = (
        "import zoneinfo; zoneinfo.reset_tzpath([])\n"
        "from domain.timeline.pasted import parse_timeline; from domain.people.time_zones import read_zone\n"
        "text = '2024-03-31 02:30 a\\n2024-10-27 02:30 b\\n2060-07-01 12:00 c\\n2024-07-01 12:00 PT d'\n"
        "parsed = parse_timeline(text, zone=read_zone('Europe/Berlin'))\n"
        "print([one.at.isoformat()[:16] for one in parsed.events], [one.code for one in parsed.warnings])\n"
        "print(read_zone('Europe/Atlantis').why)"
    )
    asked = [sys.executable, "-W", "error", "-c", code]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]).stdout
    read_at = "['2024-03-31T01:30', '2024-10-27T00:30', '2060-07-01T10:00', '2024-07-01T19:00']"
    assert said.splitlines() == [f"{read_at} ['clock_never', 'clock_twice']", "unknown_zone"]


def test_a_winter_zone_in_summer_is_taken_by_its_name_and_warned_of_once() -> None:
    parsed = read("All times in CET\n2020-06-09 11:00 One\n2020-06-09 12:00 Two\n2020-12-09 12:00 Three")
    assert [at for at, _ in told(parsed)] == ["2020-06-09 10:00", "2020-06-09 11:00", "2020-12-09 11:00"]
    assert [(one.line, one.code) for one in parsed.warnings] == [(2, "out_of_season")]


MARKS = re.compile(r"^(?:#+ .*(?:\d:\d\d|\dX:XX)|#+ \d{4}-\d\d-\d\d$|\| *\d{4,5}-\d\d-\d\d|- \*\*\d\d:\d\d)")


def timeline_of(text: str) -> str:
    """The section whose heading says so, up to the next one that tells neither a time nor a date."""
    kept: list[str] = []
    fenced = False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        heading = None if fenced else re.match(r"(#+)\s+(.*)", line)
        if heading and not kept and "timeline" in heading[2].lower():
            level = len(heading[1])
        elif not kept or (heading and len(heading[1]) <= level and not re.match(r"Feb|\d", heading[2])):
            if kept:
                break
            continue
        kept.append(line)
    return "\n".join(kept)


OWN = Path(__file__).parent / "timelines"
"""Written for these tests, as people write them; the real ones are not everywhere."""


def test_a_timeline_under_headings_and_bullets() -> None:
    section = timeline_of((OWN / "2026-03-27-a-queue-that-grew.md").read_text())
    parsed = parse_timeline(section, day=date(2026, 3, 27))
    assert told(parsed) == [
        ("2026-03-27 16:30", "Alert: the queue holds 10,000 mails"),
        ("2026-03-27 16:34", "Jane acknowledges\nand calls Bo, who wrote the consumer"),
        ("2026-03-27 16:50", "The second consumer is started"),
        ("2026-03-27 18:12", "The queue is empty."),
        ("2026-03-28 00:03", "Rolled back the consumer"),
    ]
    assert parsed.events[2].precision is not parsed.events[0].precision
    assert not parsed.problems


def test_a_timeline_in_a_table_reports_each_line_that_it_does_not_take() -> None:
    parsed = parse_timeline(timeline_of((OWN / "a-table-with-odd-years.md").read_text()), day=None)
    assert told(parsed) == [
        ("2026-10-25 00:30", "The certificate expires"),
        ("2026-10-25 01:30", "Alert: handshakes fail"),
        ("2026-10-25 02:10", "Certificate renewed"),
    ]
    fenced = [(10, "no_time"), (11, "no_time"), (12, "no_time")]
    assert problems(parsed) == [(1, "no_time"), (7, "no_such_date"), *fenced]


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data is not here")
def test_real_timelines_are_read_or_their_lines_reported() -> None:
    """Each line that begins with a time in a real postmortem is an event, or a problem that says what to mend."""
    read_lines = reported = 0
    for path in sorted(REAL.glob("*/*.md")):
        section = timeline_of(path.read_text())
        named = re.match(r"(\d{4})-(\d\d)-(\d\d)", path.name)
        parsed = parse_timeline(section, day=date(*map(int, named.groups())) if named else None)
        marked = {number for number, line in enumerate(section.split("\n"), 1) if MARKS.match(line)}
        events = {one.line for one in parsed.events}
        odd = {one.line for one in parsed.problems if one.code == "no_such_date"}
        assert marked - odd == events, path.name
        assert marked & odd == odd, path.name
        read_lines += len(events)
        reported += len(odd)
    assert read_lines >= 390
    assert reported == 5, "five rows of one document have a year of five digits"


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data is not here")
@pytest.mark.parametrize(
    ("name", "line", "at"),
    [
        ("mybinder/2018-02-20-jupyterlab-announcement.md", "Launch success rate is at 0%", "2018-02-20 15:05"),
        ("mybinder/2018-02-20-jupyterlab-announcement.md", "A more permanent fix", "2018-02-21 12:00"),
        ("mybinder/2018-01-17-ubuntu-upgrade.md", "Bump to artful", "2018-01-18 02:57"),
        ("mybinder/2018-07-08-podsnips-aplenty.md", "Launch success drops", "2018-07-08 16:30"),
        ("posthog/2025-10-21-feature-flags-recurring-outages.md", "Rolled back hardware", "2025-10-30 00:03"),
        ("posthog/2025-10-21-feature-flags-recurring-outages.md", "Deploy IP-based", "2025-10-24 18:00"),
        ("univaf/2021-06-11--database-low.md", "Database resized", "2021-06-16 07:50"),
        ("dfds/PM2021-011 - Log4Shell.md", "log4j 2.17 published", "2021-12-17 00:00"),
    ],
)
def test_real_instants(name: str, line: str, at: str) -> None:
    parsed = parse_timeline(timeline_of((REAL / name).read_text()))
    found = [one.at for one in parsed.events if line in one.event]
    assert found == [datetime.fromisoformat(f"{at}+00:00")]
