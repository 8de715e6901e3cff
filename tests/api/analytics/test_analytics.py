"""Every number of the reports is what a statement says that was written by hand, and what the list behind it shows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.api.analytics.three_years import ThreeYears, three_years
from tests.api.writing import ok
from tests.stack import Stack

SEEN = """(
    p.visibility = 'ORGANIZATION'
    or p.visibility is null and p.status in ('PUBLISHED', 'ARCHIVED')
    or coalesce(p.visibility, 'TEAM') = 'TEAM'
        and exists (select from postmortem_team t where t.postmortem_id = p.id and t.team_id = any(:mine))
    or p.author_id = :me
    or exists (select from postmortem_editor e where e.postmortem_id = p.id and e.person_id = :me)
    or exists (select from postmortem_reviewer r where r.postmortem_id = p.id and r.person_id = :me)
    or exists (select from postmortem_participant q where q.postmortem_id = p.id and q.person_id = :me)
)"""
CASES: dict[str, dict[str, Any]] = {
    "a year by month": {"from": "1991-01-01", "to": "1991-12-31", "timeZone": "Europe/Berlin"},
    "three years by quarter": {"from": "1990-01-01", "to": "1992-12-31", "period": "quarter", "timeZone": "UTC"},
    "weeks of an autumn": {"from": "1991-09-04", "to": "1991-11-13", "period": "week", "timeZone": "America/New_York"},
    "years, imported ones too": {
        "from": "1990-03-17",
        "to": "1992-08-02",
        "period": "year",
        "timeZone": "Pacific/Auckland",
        "imported": "true",
    },
    "of a team": {"from": "1990-07-01", "to": "1992-06-30", "period": "year", "timeZone": "UTC", "teamId": "team_an1"},
    "of a service": {"from": "1991-01-01", "to": "1992-12-31", "timeZone": "Asia/Kolkata", "serviceId": "svc_an2"},
    "of nothing": {"from": "1989-01-01", "to": "1989-06-30", "timeZone": "UTC"},
}
WHO = ("administrator", "member")


@pytest.fixture(scope="module")
def years(stack: Stack) -> Iterator[ThreeYears]:
    team = ok(stack.client().post("/api/teams", json={"name": "Analysts"}), 201)["id"]
    member = stack.person("MEMBER", teamIds=[team])
    with three_years(stack, member, team) as made:
        yield made


class ByHand:
    """The same questions as plain SQL; ``begin`` and ``end`` are the span's instants."""

    def __init__(self, years: ThreeYears, who: str, case: dict[str, Any]) -> None:
        self.years, self.who, self.case = years, who, case
        self.zone = ZoneInfo(case["timeZone"])
        self.first, self.last = date.fromisoformat(case["from"]), date.fromisoformat(case["to"])

    def instants(self, first: date, last: date) -> dict[str, datetime]:
        begin, end = (datetime.combine(day, time.min, self.zone) for day in (first, last + timedelta(days=1)))
        return {"begin": begin.astimezone(UTC), "end": end.astimezone(UTC)}

    def previous(self) -> tuple[date, date]:
        length = self.last - self.first + timedelta(days=1)
        return self.first - length, self.last - length

    def ask(self, sql: str, **values: Any) -> Any:
        """One number. Only the parameters that the statement names are given."""
        given = {"me": self.years.member.id, "mine": self.years.teams[:1], **values}
        used = {name: value for name, value in given.items() if f":{name}" in sql}
        (found,) = self.years.rows(sql, **used)
        return found

    def wanted(self) -> str:
        """Of postmortems ``p``."""
        conditions = ["true"]
        if self.who == "member":
            conditions.append(SEEN)
        if "imported" not in self.case:
            conditions.append("p.imported_from is null")
        if team := self.case.get("teamId"):
            conditions.append(f"p.id in (select postmortem_id from postmortem_team where team_id = '{team}')")
        if service := self.case.get("serviceId"):
            conditions.append(f"p.id in (select postmortem_id from postmortem_service where service_id = '{service}')")
        return " and ".join(conditions)

    def wanted_item(self) -> str:
        """Of items ``a`` of postmortems ``p``."""
        if self.who == "administrator" or self.case.keys() & {"teamId", "serviceId"}:
            return self.wanted()
        imported = "true" if "imported" in self.case else "p.imported_from is null"
        return f"({SEEN} or a.owner_id = :me) and {imported}"

    def created(self, first: date, last: date, more: str = "true") -> int:
        sql = f"select count(*) from postmortem p where created_at >= :begin and created_at < :end and {self.wanted()}"
        return int(self.ask(f"{sql} and {more}", **self.instants(first, last)))

    def days(self, first: date, last: date, how: str) -> float | None:
        took = "extract(epoch from first_published_at - coalesce(incident_resolved_at, created_at)) / 86400.0"
        number = f"avg({took})" if how == "average" else f"percentile_cont(0.5) within group (order by {took})"
        sql = f"select {number} from postmortem p where first_published_at >= :begin and first_published_at < :end"
        found = self.ask(f"{sql} and {self.wanted()}", **self.instants(first, last))
        return None if found is None else float(found)

    def due(self, first: date, last: date, more: str = "true") -> int:
        sql = (
            "select count(*) from action_item a join postmortem p on p.id = a.postmortem_id"
            " where a.first_due_on between :first and :last and"
        )
        return int(self.ask(f"{sql} {self.wanted_item()} and {more}", first=first, last=last))

    def overdue(self, last: date) -> int:
        """By the states as they were written down, not as the table of history has them."""
        end = self.instants(last, last)["end"]
        late = [key for key, states in self.years.states.items() if _is_late(states, end)]
        sql = "select count(*) from action_item a join postmortem p on p.id = a.postmortem_id where a.id = any(:late)"
        return int(self.ask(f"{sql} and {self.wanted_item()}", late=late))


def _is_late(states: list[tuple[datetime, str, date | None]], at: datetime) -> bool:
    past = [one for one in states if one[0] <= at]
    if not past or past[-1][1] not in {"OPEN", "IN_PROGRESS"}:
        return False
    due = past[-1][2]
    return due is not None and datetime.combine(due + timedelta(days=1), time.min, UTC) <= at


def share(count: int, of: int) -> float | None:
    return count / of if of else None


def number_of_rows(client: Any, link: str) -> int:
    count, cursor = 0, None
    while True:
        page = ok(client.get(f"{link}&limit=200" + (f"&cursor={cursor}" if cursor else "")))
        count, cursor = count + len(page["items"]), page["nextCursor"]
        if cursor is None:
            return count


ON_TIME = "a.status = 'COMPLETED' and a.completed_at < (a.first_due_on + 1)::timestamp at time zone 'UTC'"
COUNTED = "a.status <> 'WONT_DO'"
EVER = "p.first_published_at is not null"


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("case", CASES)
def test_metrics(years: ThreeYears, admin: httpx.Client, who: str, case: str) -> None:
    client: Any = admin if who == "administrator" else years.member
    asked = CASES[case]
    told = _got(client, "/api/analytics", asked)
    hand = ByHand(years, who, asked)
    now, past = (hand.first, hand.last), hand.previous()
    metrics = told["metrics"]
    if case != "of nothing":
        assert metrics["postmortemsCreated"]["value"] > 2
        assert metrics["overdueItems"]["value"] > 2
    for name, (value, previous) in {
        "postmortemsCreated": (hand.created(*now), hand.created(*past)),
        "completionRate": (
            share(hand.created(*now, EVER), hand.created(*now)),
            share(hand.created(*past, EVER), hand.created(*past)),
        ),
        "averageDaysToComplete": (hand.days(*now, "average"), hand.days(*past, "average")),
        "medianDaysToComplete": (hand.days(*now, "median"), hand.days(*past, "median")),
        "actionItemCompletion": (
            share(hand.due(*now, ON_TIME), hand.due(*now, COUNTED)),
            share(hand.due(*past, ON_TIME), hand.due(*past, COUNTED)),
        ),
        "overdueItems": (hand.overdue(hand.last), hand.overdue(past[1])),
    }.items():
        assert metrics[name]["value"] == pytest.approx(value), name
        assert metrics[name]["previous"] == pytest.approx(previous), name
    assert metrics["actionItemCompletion"]["wontDo"] == hand.due(*now, "a.status = 'WONT_DO'")
    for name, metric in metrics.items():
        behind = metric["value"] if metric["of"] is None else metric["of"]
        assert number_of_rows(client, metric["link"]) == behind, name


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("case", CASES)
def test_series(years: ThreeYears, admin: httpx.Client, who: str, case: str) -> None:
    told = _got(admin if who == "administrator" else years.member, "/api/analytics", CASES[case])
    hand = ByHand(years, who, CASES[case])
    starts = [date.fromisoformat(one["start"]) for one in told["series"]]
    ends = [*(one - timedelta(days=1) for one in starts[1:]), hand.last]
    assert starts[0] == hand.first
    assert sum(one["postmortemsCreated"] for one in told["series"]) == told["metrics"]["postmortemsCreated"]["value"]
    for one, start, end in zip(told["series"], starts, ends, strict=True):
        assert one["postmortemsCreated"] == hand.created(start, end)
        assert one["completionRate"] == pytest.approx(share(hand.created(start, end, EVER), one["postmortemsCreated"]))
        assert one["averageDaysToComplete"] == pytest.approx(hand.days(start, end, "average"))
        on_time = share(hand.due(start, end, ON_TIME), hand.due(start, end, COUNTED))
        assert one["actionItemCompletion"] == pytest.approx(on_time)
        assert one["overdueItems"] == hand.overdue(end)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("case", CASES)
def test_trends(years: ThreeYears, admin: httpx.Client, who: str, case: str) -> None:
    client: Any = admin if who == "administrator" else years.member
    told = _got(client, "/api/analytics", CASES[case])["trends"]
    hand = ByHand(years, who, CASES[case])
    now, past = (hand.first, hand.last), hand.previous()
    for one in told["rootCauses"]:
        of_cause = f"p.root_cause_category = '{one['value']}'"
        assert (one["count"], one["previous"]) == (hand.created(*now, of_cause), hand.created(*past, of_cause))
    for one in told["services"]:
        linked = (
            f"exists (select from postmortem_service s where s.postmortem_id = p.id and s.service_id = '{one['id']}')"
        )
        assert (one["count"], one["previous"]) == (hand.created(*now, linked), hand.created(*past, linked))
    for one in told["actionItemTypes"]:
        of_type = f"a.type = '{one['value']}'"
        assert (one["count"], one["previous"]) == (hand.due(*now, of_type), hand.due(*past, of_type))
    for one in told["teams"]:
        linked = f"exists (select from postmortem_team t where t.postmortem_id = p.id and t.team_id = '{one['id']}')"
        assert one["created"] == hand.created(*now, linked)
        assert one["published"] == hand.created(*now, f"{linked} and {EVER}")
        due = hand.due(*now, f"{COUNTED} and {linked}"), hand.due(*now, f"{ON_TIME} and {linked}")
        if who == "administrator":  # a member's own items count, too, whatever team their postmortem is of
            assert one["onTime"] == pytest.approx(share(due[1], due[0]))
    for one in (*told["rootCauses"], *told["services"], *told["actionItemTypes"]):
        assert number_of_rows(client, one["link"]) == one["count"]
    for one in told["teams"]:
        assert number_of_rows(client, one["link"]) == one["created"]
    if case == "three years by quarter":
        assert {len(told["rootCauses"]), len(told["services"]), len(told["actionItemTypes"])} == {4, 3}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("case", CASES)
def test_process(years: ThreeYears, admin: httpx.Client, who: str, case: str) -> None:
    client: Any = admin if who == "administrator" else years.member
    told = _got(client, "/api/analytics/process", CASES[case])
    hand = ByHand(years, who, CASES[case])
    now = hand.first, hand.last
    for one in told["targets"]:
        of = f"from postmortem_target t where t.postmortem_id = p.id and t.name = '{one['name']}'"
        assert one["of"] == hand.created(*now, f"exists (select {of} and t.waived_at is null)")
        assert one["waived"] == hand.created(*now, f"exists (select {of} and t.waived_at is not null)")
        resting = (
            "p.status = 'DRAFT' and p.draft_started_at is null"
            " and exists (select from postmortem_incident i where i.postmortem_id = p.id)"
        )
        late = (
            "t.waived_at is null and (t.met_at > coalesce(t.extended_to, t.due_at)"
            f" or t.met_at is null and not ({resting}))"
        )
        assert one["slipped"] == hand.created(*now, f"exists (select {of} and {late})")
        assert number_of_rows(client, one["link"]) == one["slipped"]
    for one in told["phases"]:
        assert one["of"] <= number_of_rows(client, one["link"])
    for one in (*told["recurringCauses"], *told["actionItemFunnel"], *told["openItemsByAge"]):
        assert number_of_rows(client, one["link"]) == one["count"], one
    created, ticketed, completed = (one["count"] for one in told["actionItemFunnel"])
    assert created >= max(ticketed, completed)
    if case == "a year by month":
        assert min(ticketed, completed) > 0
        assert told["recurringCauses"]
        assert [one["of"] > 0 for one in told["phases"]] == [True] * 4
    if case != "of nothing":
        assert sum(one["count"] for one in told["openItemsByAge"]) > 0


def test_phases(years: ThreeYears, admin: httpx.Client) -> None:
    told = _got(admin, "/api/analytics/process", CASES["a year by month"])
    hand = ByHand(years, "administrator", CASES["a year by month"])
    phases = {one["name"]: one for one in told["phases"]}
    for name, begin, end in (
        ("draft_started", "coalesce(incident_resolved_at, created_at)", "draft_started_at"),
        ("draft_completed", "draft_started_at", "submitted_at"),
        ("review_completed", "submitted_at", "reviewed_at"),
        ("published", "reviewed_at", "first_published_at"),
    ):
        took = f"extract(epoch from {end} - {begin}) / 86400.0"
        where = f"where first_published_at >= :begin and first_published_at < :end and {hand.wanted()} and {took} >= 0"
        for number, key in ((f"avg({took})", "averageDays"), ("count(*)", "of")):
            found = hand.ask(f"select {number} from postmortem p {where}", **hand.instants(hand.first, hand.last))
            assert phases[name][key] == pytest.approx(float(found))


def test_as_csv(years: ThreeYears, admin: httpx.Client) -> None:
    asked = CASES["a year by month"]
    told = _got(admin, "/api/analytics", asked)
    answer = admin.get("/api/analytics", params=asked | {"format": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    lines = [one.split(",") for one in answer.text.lstrip("\ufeff").splitlines()]
    metrics = {one[1]: one[3:] for one in lines if one[0] == "metric"}
    created = told["metrics"]["postmortemsCreated"]
    assert metrics["postmortemsCreated"][:2] == [str(created["value"]), str(created["previous"])]
    assert float(metrics["completionRate"][0]) == pytest.approx(told["metrics"]["completionRate"]["value"], abs=1e-4)
    by_month = [int(one[3]) for one in lines if one[:2] == ["period", "postmortemsCreated"]]
    assert by_month == [one["postmortemsCreated"] for one in told["series"]]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"from": "2026-02-01", "to": "2026-01-01"}, "isn't after the last one"),
        ({"from": "2199-12-31", "to": "2200-01-01"}, "between 1970 and 2199"),
        ({"from": "1970-01-01", "to": "2026-01-01", "period": "week"}, "Choose longer periods or fewer days"),
        ({"period": "decade"}, "'week', 'month', 'quarter' or 'year'"),
        ({"timeZone": "Mars/Olympus"}, "Enter an IANA time zone"),
        ({"teamId": "no team\x00"}, "match"),
    ],
)
def test_what_is_refused(admin: httpx.Client, asked: dict[str, str], says: str) -> None:
    answer = admin.get("/api/analytics", params=asked)
    assert answer.status_code == 422
    assert says in answer.text


def test_the_last_twelve_months_by_default(stack: Stack) -> None:
    person = stack.person("MEMBER", timeZone="Pacific/Auckland")
    told = ok(person.get("/api/analytics"))
    today = datetime.now(ZoneInfo("Pacific/Auckland")).date()
    assert (told["to"], told["timeZone"], len(told["series"])) == (today.isoformat(), "Pacific/Auckland", 12)
    assert date.fromisoformat(told["from"]).day == 1


def _got(client: Any, path: str, asked: dict[str, Any]) -> Any:
    return ok(client.get(path, params=asked))
