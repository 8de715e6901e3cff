"""Timelines of real postmortems, each with what a person reads in it: how many events, and the first and last one.

The instants were worked out by hand from the documents, with the time zone that each of them states.
"""

from datetime import date
from pathlib import Path

import pytest

from domain.timeline.pasted import parse_timeline
from tests.domain.timeline.test_pasted import timeline_of

REAL = Path("/work/shared/testdata/postmortems")

EXPECTED = [
    ("dfds/PM2019-00", 14, "2019-11-29 11:00", "2019-12-05 11:00", 0),
    ("dfds/PM2019-010", 6, "2019-12-03 23:30", "2019-12-04 00:30", 0),
    ("dfds/PM2019-011", 11, "2019-12-05 03:00", "2019-12-05 11:40", 0),
    ("dfds/PM2020-001", 2, "2020-01-20 12:50", "2020-01-22 09:39", 0),
    ("dfds/PM2020-002", 4, "2020-01-21 14:36", "2020-01-21 17:04", 0),
    ("dfds/PM2020-004", 3, "2020-02-03 10:21", "2020-02-03 12:30", 0),
    ("dfds/PM2020-005", 6, "2020-06-09 10:00", "2020-06-09 12:13", 0),
    ("dfds/PM2020-006", 5, "2020-02-24 09:50", "2020-03-17 19:29", 0),
    ("dfds/PM2020-007", 5, "2020-10-06 06:00", "2020-10-06 11:00", 0),
    ("dfds/PM2020-008", 6, "2020-11-04 12:00", "2020-11-04 14:39", 0),
    ("dfds/PM2020-009", 3, "2020-11-17 09:45", "2020-11-23 13:41", 0),
    ("dfds/PM2021-001", 4, "2021-01-05 10:25", "2021-01-06 14:26", 0),
    ("dfds/PM2021-002", 4, "2021-02-15 05:05", "2021-02-15 06:00", 0),
    ("dfds/PM2021-003", 7, "2021-02-19 07:35", "2021-02-19 08:23", 0),
    ("dfds/PM2021-004", 8, "2021-03-31 12:06", "2021-03-31 13:30", 0),
    ("dfds/PM2021-005", 7, "2021-06-22 08:21", "2021-06-22 08:46", 0),
    ("dfds/PM2021-006", 5, "2021-06-30 08:32", "2021-06-30 10:26", 0),
    ("dfds/PM2021-007", 5, "2021-07-02 07:32", "2021-07-02 07:42", 0),
    ("dfds/PM2021-008", 8, "2021-08-26 08:22", "2021-08-26 10:00", 0),
    ("dfds/PM2021-009", 13, "2021-09-01 11:34", "2021-09-06 09:20", 0),
    ("dfds/PM2021-010", 10, "2021-09-17 08:00", "2021-09-17 15:19", 0),
    ("dfds/PM2021-011", 26, "2021-12-10 00:00", "2022-01-04 11:03", 0),
    ("mybinder/2018-01-0", 8, "2018-01-04 15:33", "2018-01-04 19:31", 0),
    ("mybinder/2018-01-17", 6, "2018-01-15 08:00", "2018-01-18 03:00", 0),
    ("mybinder/2018-01-18-red", 25, "2018-01-18 12:19", "2018-01-18 17:14", 0),
    ("mybinder/2018-01-18-ssl", 4, "2018-01-11 08:00", "2018-01-19 19:00", 0),
    ("mybinder/2018-02-1", 4, "2018-02-12 22:03", "2018-02-12 22:09", 0),
    ("mybinder/2018-02-20", 41, "2018-02-20 13:17", "2018-02-22 06:18", 0),
    ("mybinder/2018-02-22", 4, "2018-02-23 00:30", "2018-02-23 00:35", 0),
    ("mybinder/2018-03-1", 11, "2018-03-13 06:28", "2018-03-21 05:31", 0),
    ("mybinder/2018-03-2", 3, "2018-03-26 08:34", "2018-03-26 13:00", 0),
    ("mybinder/2018-03-3", 4, "2018-03-31 23:47", "2018-04-01 01:30", 0),
    ("mybinder/2018-04-1", 15, "2018-04-18 10:35", "2018-04-19 09:58", 0),
    ("mybinder/2018-07-0", 5, "2018-07-08 16:30", "2018-07-09 08:00", 0),
    ("mybinder/2018-07-3", 9, "2018-07-30 18:20", "2018-07-30 22:11", 0),
    ("posthog/2025-09-2", 8, "2025-09-29 16:58", "2025-09-29 18:46", 4),
    ("posthog/2025-10-0", 8, "2025-10-03 10:45", "2025-10-03 22:28", 2),
    ("posthog/2025-10-2", 41, "2025-10-21 21:45", "2025-10-30 05:39", 46),
    ("univaf/2021-06-0", 8, "2021-06-03 16:00", "2021-06-03 22:29", 0),
    ("univaf/2021-06-1", 12, "2021-06-12 04:01", "2021-06-16 07:50", 0),
    ("univaf/2021-06-28", 6, "2021-06-28 20:59", "2021-06-12 00:05", 0),
    ("univaf/2021-06-29", 14, "2021-06-30 01:30", "2021-06-30 17:33", 0),
]
"""The beginning of the file's name, events, the first and the last instant in the text's order, and lines without a
time."""


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data is not here")
@pytest.mark.parametrize(("name", "count", "first", "last", "without_time"), EXPECTED)
def test_a_real_timeline(name: str, count: int, first: str, last: str, without_time: int) -> None:
    [path] = REAL.glob(f"{name}*")
    dated = path.name[:10] if path.name.startswith("20") else None
    parsed = parse_timeline(timeline_of(path.read_text()), day=date.fromisoformat(dated) if dated else None)
    assert len(parsed.events) == count
    assert f"{parsed.events[0].at:%Y-%m-%d %H:%M}" == first
    assert f"{parsed.events[-1].at:%Y-%m-%d %H:%M}" == last
    assert [one.code for one in parsed.problems] == ["no_time"] * without_time


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data is not here")
def test_years_of_five_digits_are_no_dates() -> None:
    [path] = REAL.glob("dfds/PM2020-003*")
    parsed = parse_timeline(timeline_of(path.read_text()))
    assert not parsed.events
    assert [one.code for one in parsed.problems] == ["no_such_date"] * 5
