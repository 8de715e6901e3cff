"""Copies in other systems, by a whole Afterword and a peer: asked for, updated, changed there, taken back, killed."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Text, cast, select

from models.sharing import Publication
from tests.api import writing
from tests.api.conventions import problem
from tests.api.sharing.sharing import approve, path_of, save
from tests.api.writing import ok
from tests.nightly import spread
from tests.peers.publishers.confluence import ConfluencePeer
from tests.peers.publishers.github import GithubRepositoryPeer
from tests.peers.publishers.peer import TOKEN, PublisherPeer
from tests.peers.publishers.statuspage import INCIDENT, StatuspagePeer
from tests.peers.tracker_peer import Fault
from tests.stack import Person, Stack, eventually


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def reviewer(stack: Stack) -> Person:
    return stack.person()


def running(peer: PublisherPeer) -> Iterator[PublisherPeer]:
    with peer.running():
        yield peer


@pytest.fixture
def wiki() -> Iterator[PublisherPeer]:
    yield from running(ConfluencePeer())


@pytest.fixture
def repository() -> Iterator[PublisherPeer]:
    yield from running(GithubRepositoryPeer())


@pytest.fixture
def status_page() -> Iterator[PublisherPeer]:
    yield from running(StatuspagePeer())


@pytest.fixture
def disconnecting(admin: Person) -> Iterator[list[str]]:
    """Connections that are gone at the end: no other test publishes to them."""
    ids: list[str] = []
    yield ids
    for one in ids:
        ok(admin.delete(f"/api/integrations/{one}"))


def connect(admin: Person, peer: PublisherPeer, gone: list[str], **config: Any) -> str:
    body = {
        "kind": peer.kind,
        "name": f"Copies {peer.kind}",
        "config": {**peer.config, **config},
        "secrets": peer.secrets,
    }
    made = ok(admin.post("/api/integrations", json=body), 201)
    gone.append(made["id"])
    return str(made["id"])


@pytest.fixture
def made(author: Person, reviewer: Person) -> Any:
    return writing.published(author, [reviewer], visibility="ORGANIZATION", summary="The pool of the till was full.")


def publish(person: Person, made: Any, integration: str, **more: Any) -> Any:
    body = {"integrationId": integration, **more}
    return settled(person, made, ok(person.post(path_of(made, "publications"), json=body), 202)["id"])


def settled(person: Person, made: Any, publication: str) -> Any:
    return eventually(lambda: _settled(person, made, publication))


def _settled(person: Person, made: Any, publication: str) -> Any:
    found = ok(person.get(path_of(made, f"publications/{publication}")))
    return found if found["state"] != "PENDING" else None


def test_a_page_is_made_updated_and_taken_back(
    admin: Person, author: Person, wiki: PublisherPeer, disconnecting: list[str], made: Any
) -> None:
    integration = connect(admin, wiki, disconnecting)
    first = publish(author, made, integration)
    assert (first["state"], first["target"], first["trigger"], first["problem"]) == ("OK", "confluence", "MANUAL", None)
    assert first["url"].startswith(f"{wiki.url}/wiki/")
    (page,) = wiki.places()
    assert page.title == f"Postmortem #{made['number']}: {made['title']}"
    assert "The pool of the till was full." in page.text
    assert "Alert triggered" in page.text
    ok(admin.patch(f"/api/postmortems/{made['id']}", json={"summary": "The pool of the till was enlarged."}))
    second = publish(author, made, integration)
    assert (second["id"], second["state"]) == (first["id"], "OK")
    assert second["contentRevision"] > first["contentRevision"]
    (page,) = wiki.places()
    assert "was enlarged" in page.text
    ok(author.delete(path_of(made, f"publications/{first['id']}")), 204)
    assert settled(author, made, first["id"])["state"] == "WITHDRAWN"
    assert wiki.places() == []
    again = publish(author, made, integration)
    assert (again["id"], again["state"], len(wiki.places())) == (first["id"], "OK", 1)


def test_what_someone_changed_there_is_left_until_told_otherwise(
    admin: Person, author: Person, repository: PublisherPeer, disconnecting: list[str], made: Any
) -> None:
    integration = connect(admin, repository, disconnecting)
    first = publish(author, made, integration)
    assert first["url"] == "https://github.com/acme/handbook/pull/1"
    repository.someone_edits("Ask the till team first.")
    refused = publish(author, made, integration)
    assert refused["state"] == "CHANGED_THERE"
    assert "Someone changed" in refused["problem"]
    assert "till team" in repository.places()[0].text
    ok(author.delete(path_of(made, f"publications/{first['id']}")), 204)
    assert settled(author, made, first["id"])["state"] == "CHANGED_THERE"
    assert publish(author, made, integration, overwrite=True)["state"] == "OK"
    assert "till team" not in repository.places()[0].text


def test_who_may_publish_what(
    stack: Stack, admin: Person, author: Person, wiki: PublisherPeer, disconnecting: list[str], made: Any
) -> None:
    integration = connect(admin, wiki, disconnecting)
    doors, given = path_of(made, "publications"), {"integrationId": integration}
    problem(stack.person().post(doors, json=given), 403, "NotAllowed")
    draft = writing.draft(author, visibility="ORGANIZATION")
    refused = problem(author.post(path_of(draft, "publications"), json=given), 409, "NotPublishable")
    assert [one["code"] for one in refused["reasons"]] == ["NotPublished"]
    ok(admin.patch(f"/api/postmortems/{made['id']}", json={"visibility": "TEAM"}))
    refused = problem(author.post(doors, json=given), 409, "NotPublishable")
    assert [one["code"] for one in refused["reasons"]] == ["NotForEveryone"]
    problem(author.post(doors, json={"integrationId": "int_unknown"}), 404, "NotFound")
    other = ok(admin.post("/api/integrations", json={"kind": "generic", "name": "Feed"}), 201)["id"]
    disconnecting.append(other)
    problem(author.post(doors, json={"integrationId": other}), 422, "NoPublisher")
    problem(author.get(f"{doors}/pub_unknown"), 404, "NotFound")
    assert wiki.places() == []


def test_a_status_page_shows_the_approved_summary_only(
    admin: Person, author: Person, status_page: PublisherPeer, disconnecting: list[str], made: Any
) -> None:
    integration = connect(admin, status_page, disconnecting)
    given = {"integrationId": integration, "pointer": f"https://manage.statuspage.io/pages/x/incidents/{INCIDENT}"}
    refused = problem(author.post(path_of(made, "publications"), json=given), 409, "NotShareable")
    assert [one["code"] for one in refused["reasons"]] == ["NotApproved"]
    save(author, made)
    approve(author, made)
    done = publish(author, made, integration, pointer=given["pointer"])
    assert (done["state"], done["url"]) == ("OK", f"https://stspg.io/{INCIDENT}")
    text = ok(author.get(path_of(made, "public-summary")))["text"]
    assert status_page.places()[0].text == text
    assert made["title"] not in text
    assert publish(author, made, integration)["state"] == "OK"
    assert isinstance(status_page, StatuspagePeer)
    assert status_page.told == 1


def test_the_settings_of_a_connection_publish_and_take_back(
    admin: Person, author: Person, reviewer: Person, wiki: PublisherPeer, disconnecting: list[str]
) -> None:
    connect(admin, wiki, disconnecting, automatic=True, takeBack=True)
    made = writing.published(author, [reviewer], visibility="ORGANIZATION")
    hidden = writing.published(author, [reviewer], visibility="TEAM")
    (one,) = ok(author.get(path_of(made, "publications")))["items"]
    done = settled(author, made, one["id"])
    assert (done["state"], done["trigger"]) == ("OK", "POLICY")
    assert [place.title for place in wiki.places()] == [f"Postmortem #{made['number']}: {made['title']}"]
    assert ok(author.get(path_of(hidden, "publications")))["items"] == []
    ok(admin.patch(f"/api/postmortems/{made['id']}", json={"visibility": "PRIVATE"}))
    assert settled(author, made, one["id"])["state"] == "WITHDRAWN"
    assert wiki.places() == []
    ok(admin.patch(f"/api/postmortems/{made['id']}", json={"visibility": "ORGANIZATION"}))
    assert publish(author, made, done["integrationId"])["state"] == "OK"
    ok(admin.post(f"/api/postmortems/{made['id']}/archive"))
    assert settled(author, made, one["id"])["state"] == "WITHDRAWN"


def test_trouble_is_said_and_tried_again(
    stack: Stack, admin: Person, author: Person, wiki: PublisherPeer, disconnecting: list[str], made: Any
) -> None:
    integration = connect(admin, wiki, disconnecting)
    wiki.order(Fault.SERVER_ERROR, times=2)
    assert publish(author, made, integration)["state"] == "OK"
    wiki.is_revoked = True
    refused = publish(author, made, integration)
    assert (refused["state"], "Confluence rejected" in refused["problem"]) == ("REFUSED", True)
    assert ok(admin.get(f"/api/integrations/{integration}"))["needsAttention"]
    wiki.is_revoked = False
    wiki.someone_deletes()
    assert publish(author, made, integration)["state"] == "GONE"
    assert publish(author, made, integration)["state"] == "OK"
    assert len(wiki.places()) == 1
    audited = ok(admin.get(f"/api/postmortems/{made['id']}/audit?limit=200"))["items"]
    actions = [one["action"] for one in audited if one["action"].startswith("publication.")]
    assert actions.count("publication.requested") == 4
    assert TOKEN not in str(audited)
    assert stack.direct is not None
    assert TOKEN not in str(stack.direct.rows(select(cast(Publication.__table__.table_valued(), Text))))


@pytest.mark.parametrize("number", spread([3, 1, 2], one_in=3))
def test_a_worker_killed_at_a_request_makes_no_second_page(
    stack: Stack, admin: Person, author: Person, wiki: PublisherPeer, disconnecting: list[str], made: Any, number: int
) -> None:
    """The third request makes the page: it is carried out, and whoever asked is killed before the answer."""
    integration = connect(admin, wiki, disconnecting)
    wiki.cut_off(number, Fault.SLOW)
    asked = ok(author.post(path_of(made, "publications"), json={"integrationId": integration}), 202)
    eventually(lambda: wiki.was_cut)
    stack.kill("worker")
    stack.revive("worker")
    stack.wait_until_ready()
    assert settled(author, made, asked["id"])["state"] == "OK"
    assert len(wiki.places()) == 1
    assert sum(one.method == "POST" for one in wiki.requests) == 1
