"""Pasted timelines: previewed first, then added as a whole; and Slack exports."""

import io
import json
import zipfile
from typing import Any

from tests.api.writing import draft, ok, published
from tests.pages.visiting import Visitor, buttons, visitor
from tests.stack import Stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>"
TEXT = f"14:03 Alarm {XSS}\n14:1? Grace looks\n15:?? Restarted\nno time at all {XSS}"


def events(person: Any, postmortem_id: str) -> list[Any]:
    return list(ok(person.get(f"/api/postmortems/{postmortem_id}/timeline?limit=200"))["items"])


def test_a_pasted_timeline_is_looked_at_and_then_added(stack: Stack) -> None:
    author = stack.person(timeZone="Europe/Berlin")
    made = draft(author, timeline=[])
    page_address, mine = f"/postmortems/{made['id']}/timeline/paste", visitor(stack, author)
    assert f'href="{page_address}"' in mine.get(f"/postmortems/{made['id']}")
    sent = {"form": "paste", "text": f"noon-ish\n{TEXT}", "date": "2026-11-20", "zone": "Europe/Berlin"}
    looked = mine.send(page_address, page_address, **sent, do="preview")
    assert looked.status_code == 200
    assert "3 events" in looked.text
    assert "be read</strong>" in looked.text
    assert ">14:1?<" in looked.text
    assert ">15:??<" in looked.text
    assert "<script>alert" not in looked.text
    assert "<img src=x" not in looked.text
    assert "Add to the timeline" in buttons(looked.text)
    assert events(author, made["id"]) == []
    refused = mine.send(page_address, page_address, **sent, do="import")
    assert refused.status_code == 422
    assert events(author, made["id"]) == []
    led = mine.done(page_address, page_address, **sent, do="import", skip="yes")
    assert led == f"/postmortems/{made['id']}#timeline"
    added = events(author, made["id"])
    assert [one["at"][11:16] for one in added] == ["13:03", "13:10", "14:00"]
    page = mine.get(f"/postmortems/{made['id']}")
    assert ">14:1?<" in page
    assert ">15:??<" in page
    assert "<script>alert" not in page
    again = mine.send(page_address, page_address, **sent, do="preview")
    assert "3 already there" in again.text


def test_odd_pastes_are_refused_in_words(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    address, mine = f"/postmortems/{made['id']}/timeline/paste", visitor(stack, author)
    for odd in ({"text": ""}, {"text": "14:03 x", "zone": "Nowhere/Land"}, {"text": "14:03 x", "date": "2026-02-31"}):
        refused = mine.send(address, address, form="paste", **odd)
        assert refused.status_code == 422, odd
        assert 'role="alert"' in refused.text, odd


def test_an_entry_may_leave_its_minute_open(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, timeline=[])
    address, mine = f"/postmortems/{made['id']}", visitor(stack, author)
    mine.done(f"{address}/timeline", address, at="2026-11-20T10:37", event="About then", precision="HOUR")
    assert ">10:??<" in mine.get(address)
    assert events(author, made["id"])[0]["at"].startswith("2026-11-20T10:00")


def test_starred_messages_of_slack_are_taken_once(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, timeline=[])
    address, mine = f"/postmortems/{made['id']}/timeline/paste", visitor(stack, author)
    star = [{"name": "star", "users": ["U1"], "count": 1}]
    day = [
        {"type": "message", "user": "U1", "ts": "1795170000.000100", "text": f"It broke {XSS}", "reactions": star},
        {"type": "message", "user": "U1", "ts": "1795170060.000100", "text": "lunch?"},
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("incident/2026-11-20.json", json.dumps(day))
        archive.writestr("users.json", json.dumps([{"id": "U1", "name": "grace", "real_name": "Grace"}]))
    page = _uploaded(mine, address, ("export.zip", packed.getvalue()))
    assert "2 messages read, 1 added" in page
    (event,) = events(author, made["id"])
    assert event["actor"] == "Grace"
    assert "1 already there" in _uploaded(mine, address, ("export.zip", packed.getvalue()))
    assert len(events(author, made["id"])) == 1
    assert "<script>alert" not in mine.get(f"/postmortems/{made['id']}")
    assert "Choose the export files first" in _uploaded(mine, address, ("", b""), 422)
    _uploaded(mine, address, ("odd.json", b"{"), 422)
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        torn = mine.http.post(address.replace("/paste", "/slack"), content=b"--y\r\n", headers={"Content-Type": kind})
        assert torn.status_code in {400, 403, 422}, kind


def _uploaded(visit: Visitor, address: str, file: tuple[str, bytes], status: int = 200) -> str:
    fields = visit.hidden(address) | {"form": "slack"}
    answer = visit.http.post(address.replace("/paste", "/slack"), data=fields, files={"files": file})
    assert answer.status_code == status, answer.text[:800]
    return answer.text


def test_only_editors_paste(stack: Stack) -> None:
    author, reader = stack.person(), stack.person()
    made = draft(author, visibility="ORGANIZATION")
    hidden = draft(author, visibility="PRIVATE")
    theirs = visitor(stack, reader)
    theirs.get(f"/postmortems/{made['id']}/timeline/paste", 403)
    theirs.get(f"/postmortems/{hidden['id']}/timeline/paste", 404)
    assert "timeline/paste" not in theirs.get(f"/postmortems/{made['id']}")
    done = published(author, [reader], visibility="ORGANIZATION")
    visitor(stack, author).get(f"/postmortems/{done['id']}/timeline/paste", 403)
    forged = theirs.http.post(
        f"/postmortems/{made['id']}/timeline/slack", data={"csrf": "x"}, files={"files": ("x.json", b"[]")}
    )
    assert forged.status_code == 403


def test_a_time_that_clocks_skipped_or_showed_twice_is_refused_in_the_form(stack: Stack) -> None:
    author = stack.person(timeZone="Europe/Berlin")
    made = draft(author, timeline=[])
    address, mine = f"/postmortems/{made['id']}", visitor(stack, author)
    for at, said in (
        ("2026-10-25T02:30", "showed this time twice: at 00:30 UTC and at 01:30 UTC"),
        ("2026-03-29T02:30", "skipped this time"),
        ("2026-03-29", "Enter a date and a time."),
        ("2026-W12-1T02:30", "Enter a date and a time."),
    ):
        refused = mine.send(f"{address}/timeline", address, form="event", at=at, event="Alarm", type="OTHER")
        assert refused.status_code == 422, at
        assert said in refused.text, at
    assert events(author, made["id"]) == []


def test_an_ambiguous_line_is_a_choice_on_the_page(stack: Stack) -> None:
    author = stack.person(timeZone="UTC")
    made = draft(author, timeline=[])
    address, mine = f"/postmortems/{made['id']}/timeline/paste", visitor(stack, author)
    text = '02/03/2026 14:03 CST Alarm\n2026-03-05 midnight: Over\n"><script>alert(1)</script>'
    sent = {"form": "paste", "text": text, "date": "2026-03-01", "zone": "UTC", "do": "preview"}
    looked = mine.send(address, address, **sent)
    assert looked.status_code == 200
    assert 'name="choice zone CST"' in looked.text
    assert 'name="choice time 2026-03-05 midnight: Over"' in looked.text
    assert "Mar 6, 2026, 12:00 AM UTC" in looked.text
    sent |= {"choice zone CST": "America/Chicago", "choice time 2026-03-05 midnight: Over": "END_OF_DAY"}
    looked = mine.send(address, address, **sent)
    assert 'name="choice dateOrder"' in looked.text
    assert "Feb 3, 2026, 8:03 PM UTC" in looked.text
    assert "Mar 2, 2026, 8:03 PM UTC" in looked.text
    assert '<input type="hidden" name="choice zone CST" value="America/Chicago">' in looked.text
    assert "<script>alert" not in looked.text
    mine.done(address, address, **sent | {"choice dateOrder": "DAY_FIRST", "do": "import", "skip": "yes"})
    assert [one["at"] for one in events(author, made["id"])] == ["2026-03-02T20:03:00Z", "2026-03-06T00:00:00Z"]
