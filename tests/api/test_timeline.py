"""The timeline through HTTP: one event and thousands, pasted text, and Slack exports."""

import asyncio
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.api.writing import draft, ok, published
from tests.stack import Person, Stack, eventually

TABLE = """All times in UTC.

| Time | Event | Who |
| --- | --- | --- |
| 14:00 | Monitoring alert triggered | |
| 14:03 | Acknowledged alert | @jane |
| 14:?? | Somebody restarted the pods | |
| 14:45 | Incident resolved | |
"""


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def door(author: Person) -> str:
    return f"/api/postmortems/{draft(author, timeline=[])['id']}/timeline"


def listed(person: Person, door: str, limit: int = 200) -> list[Any]:
    items: list[Any] = []
    cursor: str | None = None
    while True:
        page = ok(person.get(door, params={"limit": limit, **({"cursor": cursor} if cursor else {})}))
        items += page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            return items


def test_a_preview_saves_nothing_and_an_import_saves_all_of_it(author: Person, door: str) -> None:
    asked = {"text": TABLE, "date": "2024-01-15"}
    preview = ok(author.post(f"{door}/parse", json=asked))
    assert [one["line"] for one in preview["events"]] == [5, 6, 7, 8]
    assert [one["type"] for one in preview["events"]] == ["DETECTION", "ESCALATION", "MITIGATION", "RESOLUTION"]
    assert not preview["problems"]
    assert not any(one["duplicate"] for one in preview["events"])
    assert listed(author, door) == []

    made = ok(author.post(f"{door}/import", json=asked), 201)
    assert [one["actor"] for one in made["items"]] == [None, "jane", None, None]
    items = listed(author, door)
    assert [(one["at"][11:16], one["precision"]) for one in items] == [
        ("14:00", "MINUTE"),
        ("14:00", "HOUR"),
        ("14:03", "MINUTE"),
        ("14:45", "MINUTE"),
    ]
    assert {one["source"] for one in items} == {"manual"}
    shown = ok(author.get(door.removesuffix("/timeline")))["timeline"]
    assert shown == items


def test_the_same_text_again_adds_nothing_and_says_so(author: Person, door: str) -> None:
    asked = {"text": TABLE + "| 14:50 | New | |\n| 14:50 | New | |\n", "date": "2024-01-15"}
    ok(author.post(f"{door}/import", json={"text": TABLE, "date": "2024-01-15"}), 201)
    made = ok(author.post(f"{door}/import", json=asked), 201)
    assert [one["event"] for one in made["items"]] == ["New"]
    assert [one["line"] for one in made["duplicates"]] == [5, 6, 7, 8, 10]
    version = ok(author.get(door.removesuffix("/timeline")))["version"]
    again = ok(author.post(f"{door}/import", json=asked), 201)
    assert again["items"] == []
    assert len(again["duplicates"]) == 6
    assert ok(author.get(door.removesuffix("/timeline")))["version"] == version


def test_lines_that_are_not_understood_refuse_an_import_unless_skipped(author: Person, door: str) -> None:
    asked = {"text": "14:03 Alert\nHH:MM | what happened\n14:05 CST Paged", "date": "2024-01-15"}
    refused = author.post(f"{door}/import", json=asked)
    assert refused.status_code == 422
    assert refused.json()["code"] == "TimelineNotRead"
    assert [(one["line"], one["code"]) for one in refused.json()["reasons"]] == [
        (2, "template_row"),
        (3, "ambiguous_zone"),
    ]
    assert listed(author, door) == []
    made = ok(author.post(f"{door}/import", json={**asked, "skipProblems": True}), 201)
    assert len(made["items"]) == 1
    assert len(made["problems"]) == 2
    mended = ok(author.post(f"{door}/parse", json={**asked, "timeZone": "America/Chicago"}))
    assert [one["at"][11:16] for one in mended["events"]] == ["20:03", "20:05"]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("timeZone", "Mars/Olympus", "unknown_zone"),
        ("timeZone", "CST", "ambiguous_zone"),
        ("timeZone", "../../etc/passwd", "unknown_zone"),
        ("text", "", "string_too_short"),
        ("text", "14:03 a\0b", "string_pattern_mismatch"),
        ("text", "14:03 \ud800", "string_unicode"),
        ("date", "1200-01-01", "date_range"),
        ("zone", "UTC", "extra_forbidden"),
    ],
)
def test_malformed_pastes_are_refused(author: Person, door: str, field: str, value: str, code: str) -> None:
    asked = json.dumps({"text": "14:03 Alert", "date": "2024-01-15", field: value})
    refused = author.post(f"{door}/parse", content=asked, headers={"Content-Type": "application/json"})
    assert refused.status_code == 422, refused.text
    assert [one["code"] for one in refused.json()["reasons"]] == [code]


def test_who_may_not_edit_may_preview_but_not_import(stack: Stack, author: Person) -> None:
    reviewer = stack.person()
    made = published(author, [reviewer])
    door = f"/api/postmortems/{made['id']}/timeline"
    asked = {"text": "14:03 Alert", "date": "2024-01-15"}
    ok(reviewer.post(f"{door}/parse", json=asked))
    assert reviewer.post(f"{door}/import", json=asked).json()["code"] == "EditingClosed"
    files = [("files", ("a.json", b"[]", "application/json"))]
    assert reviewer.post(f"{door}/import-slack", files=files).json()["code"] == "EditingClosed"
    hidden = f"/api/postmortems/{draft(author, visibility='PRIVATE')['id']}/timeline"
    for action in ("parse", "import"):
        assert stack.person().post(f"{hidden}/{action}", json=asked).status_code == 404


def test_events_of_one_instant_keep_their_order_whatever_is_inserted(author: Person, door: str) -> None:
    at = "2024-01-15T14:00:00Z"
    several = {"items": [{"at": at, "event": f"first {place}"} for place in range(30)]}
    ok(author.post(door, json=several), 201)
    ok(author.post(door, json={"at": "2024-01-15T13:00:00Z", "event": "before"}), 201)
    ok(author.post(door, json={"at": at, "event": "last"}), 201)
    told = [one["event"] for one in listed(author, door, limit=7)]
    assert told == ["before", *(f"first {place}" for place in range(30)), "last"]


def test_source_actor_and_precision_stay_when_an_event_is_edited(author: Person, door: str) -> None:
    message = {"type": "message", "ts": "1705327380.000100", "user": "U1", "text": "Pool is full", "is_starred": True}
    made = slack(author, door, [("day.json", [message])])["items"][0]
    changed = ok(author.patch(f"{door}/{made['id']}", json={"event": "The pool was full"}))
    assert changed == {**made, "event": "The pool was full"}
    changed = ok(author.patch(f"{door}/{made['id']}", json={"precision": "HOUR", "actor": "Jane"}))
    assert (changed["precision"], changed["actor"], changed["source"]) == ("HOUR", "Jane", "chat")


@contextmanager
def logged_statements(stack: Stack) -> Iterator[list[str]]:
    """The statements that the API sent to the database meanwhile. The worker's, which has work of its own, are none."""
    found: list[str] = []
    url = stack.database_url.replace("+asyncpg", "")

    async def said(*statements: str) -> None:
        connection = await asyncpg.connect(url)
        for one in statements:
            await connection.execute(one)
        await connection.close()

    def run(*statements: str) -> None:
        thread = threading.Thread(target=lambda: asyncio.run(said(*statements)))
        thread.start()
        thread.join()

    def part() -> str:
        return stack.log("postgres")

    run("alter system set log_statement = 'all'", "alter system set log_parameter_max_length = 0")
    run("alter system set log_line_prefix = '%m [%p] %a@%d '")
    run("select pg_reload_conf()")
    eventually(lambda: run("select 'is it logged 1'") or "is it logged 1" in part())
    before = len(part())
    try:
        yield found
    finally:
        run("select 'is it logged 2'")
        eventually(lambda: "is it logged 2" in part())
        ours = f"afterword api@{stack.database} LOG:"  # the server is everybody's
        sent = rf"{ours}  (?:execute|statement)[^\n]*?: ((?:SELECT|INSERT|UPDATE|DELETE|WITH|with)[^\n]*)"
        found += re.findall(sent, part()[before:])
        run("alter system reset all")
        run("select pg_reload_conf()")


def test_5000_lines_come_in_a_few_statements_and_are_audited_in_short(stack: Stack, author: Person, door: str) -> None:
    start = datetime(2024, 1, 15, tzinfo=UTC)
    lines = [f"{start + timedelta(seconds=7 * place):%Y-%m-%d %H:%M:%S} step {place}" for place in range(5000)]
    with logged_statements(stack) as statements:
        made = ok(author.post(f"{door}/import", json={"text": "\n".join(lines)}), 201)
    assert len(made["items"]) == 5000
    about = [one for one in statements if "timeline_event" in one]
    assert [one.split()[0] for one in about] == ["SELECT", "with", "SELECT"], about
    assert "insert into timeline_event" in about[1]
    assert len(statements) < 15

    items = listed(author, door)
    assert [one["event"] for one in items] == [f"step {place}" for place in range(5000)]
    entry = ok(author.get(door.replace("/timeline", "/audit")))["items"][0]
    assert entry["action"] == "timeline.added"
    assert entry["after"]["count"] == 5000
    assert len(json.dumps(entry)) < 10_000

    with logged_statements(stack) as statements:
        again = ok(author.post(f"{door}/import", json={"text": "\n".join(lines)}), 201)
    assert again["items"] == []
    assert len(again["duplicates"]) == 5000
    assert [one.split()[0] for one in statements if "timeline_event" in one] == ["SELECT"]


# Slack


def slack(person: Person, door: str, files: list[tuple[str, Any]], status: int = 201) -> Any:
    sent = [
        ("files", (name, content if isinstance(content, bytes) else json.dumps(content), "application/octet-stream"))
        for name, content in files
    ]
    answer = person.post(f"{door}/import-slack", files=sent)
    return ok(answer, status)


def zipped(files: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    return buffer.getvalue()


USERS = [
    {"id": "U1", "name": "jane", "profile": {"display_name": "Jane D", "real_name": "Jane Doe"}},
    {"id": "U2", "name": "bob", "real_name": "Bob Smith", "profile": {"display_name": ""}},
]
DAY = [
    {"type": "message", "ts": "1705327380.000100", "user": "U1", "text": "lunch?"},
    {
        "type": "message",
        "ts": "1705327440.000200",
        "user": "U1",
        "text": "<@U2> found it: see <https://example.com/a(b)|the *graph*> &amp; a &lt;b&gt; in <#C1|ops> <!here>",
        "reactions": [{"name": "star", "users": ["U2"], "count": 1}],
    },
    {"ts": "1705327500.000300", "user": "U2", "text": "*restarted* `a &lt; b`", "pinned_to": ["C1"]},
    {"ts": "1705327560.000400", "bot_id": "B1", "username": "pager", "text": "Resolved", "is_starred": True},
    {"ts": "1705327620.000500", "user": "U9", "text": "nice", "reactions": [{"name": "+1"}]},
    {"ts": "never", "user": "U1", "text": "?", "is_starred": True},
]


def test_only_starred_messages_of_an_export_are_taken_and_only_once(author: Person, door: str) -> None:
    archive = zipped({"users.json": USERS, "channels.json": [{"id": "C1"}], "ops/2024-01-15.json": DAY})
    made = slack(author, door, [("export.zip", archive)])
    assert [(one["at"], one["actor"], one["event"]) for one in made["items"]] == [
        (
            "2024-01-15T14:04:00.000200Z",
            "Jane D",
            "@Bob Smith found it: see [the *graph*](https://example.com/a%28b%29) & a \\<b> in #ops @here",
        ),
        ("2024-01-15T14:05:00.000300Z", "Bob Smith", "**restarted** `a < b`"),
        ("2024-01-15T14:06:00.000400Z", "pager", "Resolved"),
    ]
    assert {(one["source"], one["precision"]) for one in made["items"]} == {("chat", "SECOND")}
    assert made["seen"] == 6
    assert [one["place"] for one in made["problems"]] == [6]

    ok(author.patch(f"{door}/{made['items'][2]['id']}", json={"event": "All is well", "at": "2024-01-15T15:00:00Z"}))
    again = slack(author, door, [("2024-01-15.json", DAY), ("users.json", USERS)])
    assert again["items"] == []
    assert again["duplicates"] == 3
    assert len(listed(author, door)) == 3


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("export.zip", b"PK\x03\x04 is no archive", "bad_archive"),
        ("day.json", b"{", "bad_json"),
        ("day.json", b"\xff\xfe\x00", "bad_json"),
        ("day.json", b"[" * 200_000, "bad_json"),
        ("day.json", b'"text"', "not_an_export"),
        ("bomb.zip", zipped({"a.json": b" " * (9 * 1024 * 1024)}), "too_large"),
        (
            "bomb.zip",
            zipped({f"{place}.json": b"[" + b" " * (7 * 1024 * 1024) + b"]" for place in range(10)}),
            "too_large",
        ),
        ("many.zip", zipped({f"{place}.json": b"[]" for place in range(1001)}), "too_large"),
    ],
)
def test_what_is_no_export_is_refused(author: Person, door: str, name: str, content: bytes, code: str) -> None:
    problem = slack(author, door, [(name, content)], 422)
    assert [one["code"] for one in problem["reasons"]] == [code]


def test_odd_messages_do_no_harm(author: Person, door: str) -> None:
    odd = [
        *[{"ts": ts, "text": "x", "is_starred": True} for ts in ("", "1e9", "-5", "9" * 40, "1.", "1.x", 5, None, [])],
        *[{"ts": "1705327380", "text": text, "is_starred": True} for text in (None, 5, "", " ", [], "<>", "\0")],
        {"ts": "1705327381", "text": "a\0b \ud800 <@U1|x> <javascript:alert(1)|y> <script>", "is_starred": True},
        {"ts": "1705327382", "is_starred": True, "files": [{"name": "graph.png"}], "user": 5, "user_profile": []},
        {"ts": "1705327383", "reactions": [None, "star"], "text": "no"},
        5,
        None,
    ]
    made = slack(author, door, [("day.json", odd)])
    told = [one["event"] for one in made["items"]]
    assert "graph.png" in told
    assert any("@x" in one and "](javascript" not in one and "\\<script" in one for one in told)
    assert author.post(f"{door}/import-slack", content=b"x").status_code == 422
    broken = {"Content-Type": "multipart/form-data"}
    assert author.post(f"{door}/import-slack", content=b"x", headers=broken).status_code == 422
