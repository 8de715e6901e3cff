"""One contract, every publisher: a new one needs a peer of its name, and nothing else here."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from domain.errors import CredentialsRejected, PublicationChanged, PublicationGone
from integrations.publisher import Copy, Published, Publisher, PublisherUnavailable
from integrations.registry import connect_publisher, publisher_kinds
from integrations.text.blocks import (
    BREAK,
    Code,
    Heading,
    Item,
    Listing,
    Mark,
    Paragraph,
    Quote,
    Rule,
    Run,
    Table,
)
from tests.peers.publishers.confluence import ConfluencePeer
from tests.peers.publishers.github import GithubRepositoryPeer
from tests.peers.publishers.gitlab import GitlabRepositoryPeer
from tests.peers.publishers.judges import judge_of
from tests.peers.publishers.notion import NotionPeer
from tests.peers.publishers.peer import TOKEN, PublisherPeer
from tests.peers.publishers.statuspage import INCIDENT, StatuspagePeer
from tests.peers.tracker_peer import Fault

PEERS: dict[str, type[PublisherPeer]] = {
    one.kind: one for one in (ConfluencePeer, GithubRepositoryPeer, GitlabRepositoryPeer, NotionPeer, StatuspagePeer)
}
HOSTILE = 'a < b & c > "d" ]]> | {x} $y$ <script>'


def copy(words: str = "The pool was full.", title: str = "Postmortem #17: Payments are down") -> Copy:
    strong, code = frozenset({Mark.STRONG}), frozenset({Mark.CODE})
    blocks = (
        Heading(1, (Run("Summary"),)),
        Paragraph((Run(words), BREAK, Run("bold", strong), Run(" and "), Run("x < y", code))),
        Paragraph((Run(HOSTILE), Run("link", frozenset(), "https://example.com/?a=1&b=2"))),
        Listing((Item((Paragraph((Run("one"),)), Listing((Item((Paragraph((Run("two"),)),)),), 3))),)),
        Listing((Item((Paragraph((Run("done"),)),), True), Item((Paragraph((Run("open"),)),), False))),
        Quote((Paragraph((Run("said"),)),)),
        Code("if a < b && c:\n  ]]>", "python"),
        Table((((Run("Time"),), (Run("Event"),)), ((Run("10:00"),), (Run("Alert | fired"),)))),
        Rule(),
    )
    url = "https://afterword.example.com/postmortems/pm_1"
    text = f"# {title}\n\n{words}"
    return Copy("pub_01jd3x9qabcdefghjk", "postmortem-17", title, url, blocks, text, INCIDENT)


@pytest.fixture(params=publisher_kinds())
def peer(request: pytest.FixtureRequest) -> Iterator[PublisherPeer]:
    made = PEERS[request.param]()
    if (judge := judge_of(made.kind)) is not None:
        made.judges.append(judge)
    with made.running():
        yield made
    assert not made.verdicts, made.verdicts


def connected(peer: PublisherPeer) -> Publisher:
    return connect_publisher(peer.kind, peer.config, peer.secrets)


def published(peer: PublisherPeer, what: Copy | None = None) -> Published:
    with connected(peer) as publisher:
        return publisher.create(what or copy())


def updated(peer: PublisherPeer, id_: str, what: Copy, revision: str | None) -> Published:
    with connected(peer) as publisher:
        return publisher.update(id_, what, revision)


def withdrawn(peer: PublisherPeer, id_: str, revision: str | None, what: Copy | None = None) -> None:
    with connected(peer) as publisher:
        publisher.withdraw(id_, what or copy(), revision)


def shown(peer: PublisherPeer) -> str:
    (place,) = peer.places()
    return place.text


def test_a_copy_says_what_the_postmortem_says(peer: PublisherPeer) -> None:
    made = published(peer)
    assert "The pool was full." in shown(peer)
    assert made.url.startswith("https://") or made.url.startswith(peer.url)
    assert made.revision


@pytest.mark.parametrize("peer", ["confluence", "notion"], indirect=True)  # the others take the text as it is
def test_every_block_arrives(peer: PublisherPeer) -> None:
    published(peer)
    text = " ".join(shown(peer).replace("\\", "").split())
    for words in (
        "Summary",
        "bold",
        "x < y",
        "two",
        "done",
        "open",
        "said",
        "if a < b && c:",
        "10:00",
        "Alert | fired",
    ):
        assert words in text, words
    assert 'a < b & c > "d" ]]> | {x} $y$ <script>' in text.replace("&lt;", "<").replace("&amp;", "&")


def test_published_twice_is_one_copy(peer: PublisherPeer) -> None:
    assert published(peer).id == published(peer).id
    assert len(peer.places()) == 1


def test_it_is_found_by_its_marker(peer: PublisherPeer) -> None:
    with connected(peer) as publisher:
        assert publisher.find(copy()) is None
        made = publisher.create(copy())
        assert publisher.find(copy()) == made.id


def test_publishing_again_updates_the_same_copy(peer: PublisherPeer) -> None:
    first = published(peer)
    second = updated(peer, first.id, copy("The pool was enlarged."), first.revision)
    assert second.id == first.id
    assert second.revision != first.revision
    assert "enlarged" in shown(peer)
    assert "was full" not in shown(peer)


def test_the_same_again_changes_nothing(peer: PublisherPeer) -> None:
    first = published(peer)
    second = updated(peer, first.id, copy(), first.revision)
    third = updated(peer, first.id, copy(), second.revision)
    assert (third.id, third.revision) == (first.id, second.revision)
    assert len(peer.places()) == 1
    with connected(peer) as publisher:
        assert publisher.fetch(first.id, copy()) == third


def test_what_someone_changed_there_is_not_overwritten(peer: PublisherPeer) -> None:
    first = published(peer)
    peer.someone_edits("Ask Ana before you restart it.")
    with pytest.raises(PublicationChanged):
        updated(peer, first.id, copy("Another text."), first.revision)
    with pytest.raises(PublicationChanged):
        withdrawn(peer, first.id, first.revision)
    assert "Ask Ana" in shown(peer)
    updated(peer, first.id, copy("Another text."), None)
    assert "Ask Ana" not in shown(peer)
    assert "Another text." in shown(peer)


def test_what_someone_deleted_there_is_gone(peer: PublisherPeer) -> None:
    first = published(peer)
    peer.someone_deletes()
    with connected(peer) as publisher, pytest.raises(PublicationGone):
        publisher.fetch(first.id, copy())
    withdrawn(peer, first.id, first.revision)
    assert peer.places() == []
    published(peer)
    assert len(peer.places()) == 1


def test_it_is_taken_back(peer: PublisherPeer) -> None:
    first = published(peer)
    withdrawn(peer, first.id, first.revision)
    assert peer.places() == []
    withdrawn(peer, first.id, first.revision)
    published(peer, copy("Back again."))
    assert "Back again." in shown(peer)


SECOND = copy("Second.")


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.RESET])
def test_interrupted_at_any_request_there_is_one_copy(peer: PublisherPeer, fault: Fault) -> None:
    """As a process that was killed: whoever tries again knows nothing but the row."""
    number = 1
    while interrupted_at(peer, number, fault):
        number += 1
    assert number > 3


def interrupted_at(peer: PublisherPeer, number: int, fault: Fault) -> bool:
    """Publishing, updating and taking back, each interrupted at its request of that number, and then done again. False
    where each was over before it."""
    was_cut = interrupted(peer, number, fault, lambda: published(peer))
    first = published(peer)
    assert ("The pool was full." in shown(peer), len(peer.places())) == (True, 1), number
    was_cut |= interrupted(peer, number, fault, lambda: updated(peer, first.id, SECOND, first.revision))
    second = updated(peer, first.id, SECOND, first.revision)
    assert ("Second." in shown(peer), len(peer.places())) == (True, 1), number
    was_cut |= interrupted(peer, number, fault, lambda: withdrawn(peer, second.id, second.revision, SECOND))
    withdrawn(peer, second.id, second.revision, SECOND)
    assert peer.places() == [], number
    return was_cut


def interrupted(peer: PublisherPeer, number: int, fault: Fault, act: Callable[[], object]) -> bool:
    """False if it was over before that request."""
    peer.cut_off(number, fault)
    with suppress(PublisherUnavailable):
        act()
    was_cut, peer.cut = peer.was_cut, None
    return was_cut


def test_a_limit_says_how_long_to_wait(peer: PublisherPeer) -> None:
    peer.cut_off(1, Fault.LIMITED)
    with pytest.raises(PublisherUnavailable) as caught:
        published(peer)
    assert caught.value.retry_after in {7.0, 60.0}


def test_rejected_credentials(peer: PublisherPeer) -> None:
    peer.is_revoked = True
    with connected(peer) as publisher:
        with pytest.raises(CredentialsRejected) as caught:
            publisher.create(copy())
        assert TOKEN not in str(caught.value)
        checks = publisher.check_permissions()
    assert [one.granted for one in checks] == [False]
    assert TOKEN not in " ".join(one.detail for one in checks)


def test_permissions_are_checked(peer: PublisherPeer) -> None:
    with connected(peer) as publisher:
        checks = publisher.check_permissions()
    assert checks
    assert all(one.granted for one in checks), checks
    assert peer.writes() == []


@pytest.mark.parametrize("peer", ["github_repository", "notion"], indirect=True)
def test_the_judges_catch_a_wrong_request(peer: PublisherPeer) -> None:
    """Of the others no document is on a registry: their peers refuse what the vendors' pages do not name."""
    judge = judge_of(peer.kind)
    assert judge is not None
    published(peer)
    wrong = {"github_repository": ("PUT", "/repos/acme/handbook/contents/a.md"), "notion": ("POST", "/v1/pages")}
    method, path = wrong[peer.kind]
    sent = next(one for one in peer.writes() if one.method == method)
    bad = type(sent)(method, path, {}, sent.headers, sent.body.replace(b"{", b'{"misspelt": 1, ', 1))
    with pytest.raises(Exception, match=r".") as caught:
        judge(bad)
    assert not isinstance(caught.value, AssertionError)
