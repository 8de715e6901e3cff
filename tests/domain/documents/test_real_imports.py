"""Twelve real postmortems, each read by a person first: what must come out of them.

They lie in ``shared/testdata``, which a newcomer doesn't have. Instants are in UTC, as the writers' clocks were then.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from domain.action_items.action_item import ActionItemStatus
from domain.documents.importing.headings import IMPORTED
from domain.documents.importing.markdown import read_markdown

SHARED = Path(__file__).parents[4] / "shared" / "testdata" / "postmortems"
COMMON = {"summary", "contributingFactors", "lessonsLearned", IMPORTED}
BINDER = {"summary", "lessonsLearned"}


@dataclass(frozen=True)
class Expected:
    """``first`` and ``last`` are the earliest and the latest event, as "month-day hour:minute" of the year of ``day``.
    ``done`` counts the items that are completed."""

    file: str
    title: str
    day: date
    sections: set[str]
    events: int
    first: str | None = None
    last: str | None = None
    items: int = 0
    done: int = 0
    people: tuple[str, ...] = ()


EXPECTED = (
    Expected(
        "dfds/PM2020-002 - KIAM service disruption on Hellman.md",
        "KIAM Service disruption",
        date(2020, 1, 21),
        COMMON,
        4,
        "01-21 14:36",
        "01-21 17:04",
        3,
    ),
    Expected(
        "dfds/PM2021-005 - All services returning 503 in Kubernetes.md",
        "All services returning 503 in Kubernetes",
        date(2021, 6, 22),
        COMMON,
        7,
        "06-22 08:21",
        "06-22 08:46",
        3,
        people=("RF", "PW", "RR", "AN", "EC", "SD", "WC"),
    ),
    Expected(
        "dfds/PM2020-006 - ADSync service accounts.md",
        "ADSync service accounts",
        date(2020, 2, 24),
        COMMON,
        5,
        "02-24 09:50",
        "03-17 19:29",
        2,
    ),
    Expected(
        "mybinder/2018-01-04-failed-staging-deploy.md",
        "2018-01-04, Failed deploy to staging",
        date(2018, 1, 4),
        {"summary"},
        8,
        "01-04 15:33",
        "01-04 19:31",
        7,
    ),
    Expected(
        "mybinder/2018-02-22-nginx-down.md",
        "2018-02-22 NGINX crash",
        date(2018, 2, 22),
        BINDER,
        4,
        "02-23 00:30",
        "02-23 00:35",
        2,
        done=1,
    ),
    Expected(
        "mybinder/2018-03-26-no-space-left.md",
        '2018-03-26, "no space left on device"',
        date(2018, 3, 26),
        BINDER,
        3,
        "03-26 08:34",
        "03-26 13:00",
        6,
        done=3,
    ),
    Expected(  # a line before its items says nothing of any
        "mybinder/2018-07-08-podsnips-aplenty.md",
        "2018-07-08, too many pods",
        date(2018, 7, 8),
        BINDER | {IMPORTED},
        5,
        "07-08 16:30",
        "07-09 08:00",
        7,
    ),
    Expected(  # its title and its file name disagree about the date; two events have none of a time
        "mybinder/2018-01-18-ssl-outdated.md",
        "2018-01-11, Warning from letsencrypt about outdated SSL certificate",
        date(2018, 1, 11),
        {"summary", IMPORTED},
        4,
        "01-11 08:00",
        "01-19 19:00",
        3,
    ),
    Expected(
        "univaf/2021-06-03--database-full.md",
        "2021-06-03: Database Full",
        date(2021, 6, 3),
        BINDER | {IMPORTED},
        8,
        "06-03 16:00",
        "06-03 22:29",
        4,
        done=1,
        people=("@Mr0grog", "@astonm"),
    ),
    Expected(  # three events bear the date of another incident, as their author wrote it; one item has four parts
        "univaf/2021-06-28--external-id-migration.md",
        "2021-06-28: External ID Migration",
        date(2021, 6, 28),
        BINDER | {IMPORTED},
        6,
        "06-11 21:15",
        "06-28 21:09",
        1,
        people=("@astonm", "@jaronoff97"),
    ),
    Expected(  # pictures between the lines of the timeline
        "posthog/2025-09-29-flags-is-down.md",
        "PostHog Feature Flags Service Outage - September 29, 2025",
        date(2025, 9, 29),
        {"summary", "impact", "rootCause", "resolution", "lessonsLearned", IMPORTED},
        8,
        "09-29 16:58",
        "09-29 18:46",
    ),
    Expected(  # headings that are underlined; its timeline is a link
        "posthog/2025-11-15-persons-db-migration.md",
        "PostHog Data Processing Delays - Events & Persons Ingestion (November 2025)",
        date(2025, 11, 15),
        {"summary", "impact", "rootCause", "resolution", "lessonsLearned", IMPORTED},
        0,
    ),
)


@pytest.mark.skipif(not SHARED.is_dir(), reason="a newcomer has no shared folder")
@pytest.mark.parametrize("expected", EXPECTED, ids=lambda one: one.file.partition(" - ")[0])
def test_what_a_person_read(expected: Expected) -> None:
    read = read_markdown((SHARED / expected.file).read_text(), Path(expected.file).name)
    assert (read.title, read.happened_on) == (expected.title, expected.day)
    assert set(read.texts) == expected.sections
    instants = sorted(one.at for one in read.events)
    assert len(instants) == expected.events
    if instants:
        assert (instants[0], instants[-1]) == (at(expected, expected.first), at(expected, expected.last))
    assert len(read.items) == expected.items, [one.description for one in read.items]
    assert sum(one.status is ActionItemStatus.COMPLETED for one in read.items) == expected.done
    assert read.people == expected.people


def at(expected: Expected, words: str | None) -> datetime:
    return datetime.strptime(f"{expected.day.year}-{words}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def test_an_item_is_done_where_its_list_says_so() -> None:
    items = "- Watch it **(done during the incident)**\n- Get it done (soon)\n- \u2705 Tell support\n"
    text = f"# T\n\n## Action items\n\n{items}"
    assert [one.status for one in read_markdown(text, "a.md").items] == [
        ActionItemStatus.COMPLETED,
        ActionItemStatus.OPEN,
        ActionItemStatus.COMPLETED,
    ]


def test_a_line_may_name_several_people() -> None:
    crowd = "The team that was on call, as far as anyone knew then"
    text = f"# T\n\nDown.\n\n## Attendees\n\n- Ann Lee, Bob and Cy\n- {crowd}\n"
    people = ("Ann Lee", "Bob", "Cy", crowd)
    assert read_markdown(text, "a.md").people == people
