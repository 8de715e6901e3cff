"""Importing from Opsgenie: by ids and addresses, from saved JSON, with what goes wrong there."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from models.documents import Job
from tests.api.conventions import problem
from tests.api.documents.test_imports import done, made, report, start
from tests.api.writing import ok
from tests.pages.visiting import visitor
from tests.peers.opsgenie import KEY, OpsgeniePeer, postmortem
from tests.peers.tracker_peer import Fault
from tests.stack import Person, Stack, eventually


@pytest.fixture
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


@pytest.fixture
def peer() -> Iterator[OpsgeniePeer]:
    one = OpsgeniePeer()
    with one.running():
        yield one


def known(peer: OpsgeniePeer, count: int = 1) -> list[str]:
    ids = [str(uuid4()) for _ in range(count)]
    peer.postmortems |= {one: postmortem(one, f"Certificate expired {one[:8]}") for one in ids}
    return ids


def ask(admin: Person, peer: OpsgeniePeer, ids: list[str], **more: Any) -> Any:
    body = {"source": "opsgenie", "apiKey": KEY, "ids": ids, "baseUrl": peer.url, **more}
    return ok(admin.post("/api/imports", json=body), 202)


def test_by_ids_and_addresses(stack: Stack, admin: Person, peer: OpsgeniePeer) -> None:
    one, two = known(peer, 2)
    missing = str(uuid4())
    job = ask(admin, peer, [one, f"https://acme.app.opsgenie.com/reports/post-mortem/{two}?x=1", missing, one])
    assert KEY not in json.dumps(job)
    assert done(admin, job)["total"] == 3
    lines = report(admin, job)
    refused = [line["text"] for line in lines if line["kind"] == "REFUSED"]
    assert refused == [f"Opsgenie has no postmortem with the ID {missing}, or the key can't read it"]
    ids = made(lines)
    assert len(ids) == 2
    shown = ok(admin.get(f"/api/postmortems/{ids[0]}"))
    assert shown["title"].startswith("Certificate expired")
    assert (shown["status"], shown["visibility"], shown["authorId"]) == ("DRAFT", "PRIVATE", None)
    assert (shown["summary"], shown["rootCause"]) == ("Nobody could **pay**.", "A certificate expired.")
    assert [(event["at"], event["event"]) for event in shown["timeline"]] == [
        ("2021-02-26T04:13:21Z", "The incident started"),
        ("2021-02-26T04:20:27Z", "Someone responded"),
        ("2021-02-26T05:13:27Z", "The impact ended"),
        ("2021-02-26T05:14:00Z", "The incident was resolved"),
    ]
    items = ok(admin.get(f"/api/postmortems/{ids[0]}/action-items"))["items"]
    assert sorted(item["description"] for item in items) == ["Renew it by itself", "Watch its date"]
    (left,) = [
        one for one in ok(admin.get(f"/api/postmortems/{ids[0]}/sections"))["items"] if one["name"] == "imported"
    ]
    for words in ("Tense.", "Severity: P1", "Incident: #3 Payments"):
        assert words in left["body"]
    assert stack.direct is not None
    assert stack.direct.rows(select(Job.secrets).where(Job.id == job["id"])) == [None]


def test_a_dry_run_is_run_for_real_without_the_key(admin: Person, peer: OpsgeniePeer) -> None:
    job = ask(admin, peer, known(peer), dryRun=True)
    done(admin, job)
    asked = len(peer.requests)
    assert made(report(admin, job)) == [None]
    ok(admin.post(f"/api/imports/{job['id']}/run"), 202)
    eventually(lambda: made(report(admin, job)) not in ([], [None]))
    assert len(peer.requests) == asked
    ok(admin.post(f"/api/imports/{job['id']}/undo"), 202)
    eventually(lambda: ok(admin.get(f"/api/imports/{job['id']}"))["undoneAt"])


def test_a_stumble_is_tried_again_and_a_wrong_key_is_said(stack: Stack, admin: Person, peer: OpsgeniePeer) -> None:
    peer.order(Fault.SERVER_ERROR)
    peer.order(Fault.LIMITED)
    assert done(admin, ask(admin, peer, known(peer)))["done"] == 1
    failed = done(admin, ask(admin, peer, known(peer), apiKey="wrong"), "FAILED")
    assert failed["error"]["code"] == "CredentialsRejected"
    assert "Opsgenie rejected" in failed["error"]["detail"]
    assert stack.direct is not None
    assert stack.direct.rows(select(Job.secrets).where(Job.id == failed["id"])) == [None]


def test_saved_json_is_uploaded_like_any_file(admin: Person) -> None:
    id_ = str(uuid4())
    answer = json.dumps({"data": postmortem(id_, f"Saved {id_[:8]}"), "took": 0.1})
    bare = json.dumps(postmortem(id_, f"Bare {id_[:8]}"))
    job = start(admin, [("file", ("a.json", answer)), ("file", ("b.json", bare)), ("file", ("c.json", "{}"))])
    done(admin, job)
    lines = report(admin, job)
    titles = {ok(admin.get(f"/api/postmortems/{one}"))["title"] for one in made(lines)}
    assert titles == {f"Saved {id_[:8]}", f"Bare {id_[:8]}"}
    assert [line["source"] for line in lines if line["kind"] == "REFUSED"] == ["0003-c.json"]


def test_what_is_refused(stack: Stack, admin: Person) -> None:
    good = {"source": "opsgenie", "apiKey": KEY, "ids": [str(uuid4())]}
    for change, where in (
        ({"source": "elsewhere"}, "body.source"),
        ({"apiKey": "two words"}, "body.apiKey"),
        ({"ids": []}, "body.ids"),
        ({"ids": ["no id!"]}, "body.ids"),
        ({"baseUrl": "ftp://x"}, "body.baseUrl"),
        ({"other": 1}, "body.other"),
    ):
        refused = problem(admin.post("/api/imports", json=good | change), 422)
        assert where in str(refused["reasons"]), refused
        assert KEY not in str(refused)
    problem(admin.post("/api/imports", content=b"{", headers={"Content-Type": "application/json"}), 422)
    problem(stack.person().post("/api/imports", json=good), 403, "NotAllowed")


def test_the_page(stack: Stack, admin: Person, peer: OpsgeniePeer) -> None:
    mine, at = visitor(stack, admin), "/settings/imports"
    (one,) = known(peer)
    refused = mine.send(f"{at}/opsgenie", at, form="opsgenie", ids="?!", key=KEY, address=peer.url)
    assert refused.status_code == 422
    assert KEY not in refused.text
    form = {"ids": f"id\n{one}", "key": KEY, "address": peer.url, "dry": "yes"}
    refused = mine.send(f"{at}/opsgenie", at, form="opsgenie", **form)
    assert "isn&#39;t an ID" in refused.text, "a heading is named, not guessed at"
    form["ids"] = one
    place = mine.done(f"{at}/opsgenie", at, form="opsgenie", **form)
    done(admin, {"id": place.rpartition("/")[2]})
    assert "Opsgenie" in mine.get(place)
