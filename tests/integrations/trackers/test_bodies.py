"""A ticket's text at each vendor: cut without losing its footer, rewritten without losing what somebody put there."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product

import pytest

from domain.tickets.texts import body_of, details_in, split_footer
from integrations import registry
from integrations.ticket import Ticket, TicketChange, TicketDraft
from integrations.tracker import Tracker
from tests.nightly import spread
from tests.peers.tracker_peer import TrackerPeer
from tests.sync.scene import peer_classes

FOOTER = "Action item of a [postmortem](https://afterword.example/postmortems/pm_1). Priority HIGH."
LONG = {
    "words": "word " * 10_400,
    "lines": "A line of words.\n" * 3_100,
    "items": "- an item of a list\n" * 2_600,
    "code": "```\n" + "queue_depth > 1000\n" * 2_700,
    "japanese": "決済障害の報告。" * 6_500,
    "emoji": "🎉🎊 " * 17_500,
    "signs": "*_`[]<>\\ " * 5_800,
    "comment": "<!-- " + "hidden words " * 4_000,
}


@pytest.fixture(params=sorted(peer_classes()))
def peer(request: pytest.FixtureRequest) -> Iterator[TrackerPeer]:
    made = peer_classes()[request.param]()
    with made.running():
        yield made


@pytest.fixture
def tracker(peer: TrackerPeer) -> Iterator[Tracker]:
    with registry.connect(peer.kind, dict(peer.config), dict(peer.secrets)) as made:
        yield made


def _opened(tracker: Tracker, details: str) -> Ticket:
    return tracker.create(TicketDraft("tkt_1", "A ticket", body_of(details, FOOTER)))


@pytest.mark.parametrize(("peer", "kind"), spread(product(sorted(peer_classes()), sorted(LONG)), 3), indirect=["peer"])
def test_a_long_text_keeps_its_footer(tracker: Tracker, kind: str) -> None:
    made = _opened(tracker, "Short")
    changed = tracker.update(made.ref, TicketChange(body=body_of(LONG[kind], FOOTER)))
    assert changed.marker == made.marker
    for one in (changed, tracker.fetch(made.ref)):
        assert split_footer(one.body)[1:] == (FOOTER, "")
        assert len(details_in(one.body)) > 15_000
    again = tracker.update(made.ref, TicketChange(body=body_of(LONG[kind], FOOTER)))
    assert again == changed, "nothing is written twice"


def test_a_new_long_ticket_has_its_footer(tracker: Tracker) -> None:
    assert split_footer(_opened(tracker, LONG["lines"]).body)[1] == FOOTER


LIVE = {
    "github": """Ask @octocat and @acme/ops.

![shot](https://github.com/user-attachments/assets/1)

<details><summary>Log</summary>

#12, acme/api#3

</details>""",
    "gitlab": """Ask @jane.doe or @acme/ops.

![shot](/uploads/0a1b/shot.png){width=60%}

#12, !3, ~bug and %4

[[_TOC_]]""",
    "linear": """Ask https://linear.app/acme/profiles/jane about it.

![shot](https://uploads.linear.app/1/2)

ENG-12""",
}


@pytest.mark.parametrize("kind", sorted(LIVE))
def test_what_somebody_wrote_there_stays_when_we_add_a_line(kind: str) -> None:
    peer = peer_classes()[kind]()
    with peer.running(), registry.connect(kind, dict(peer.config), dict(peer.secrets)) as tracker:
        external_id = peer.open("By hand", LIVE[kind].replace("\n", "\r\n" if kind != "linear" else "\n"))
        (raw,) = _raw_bodies(peer)
        ticket = tracker.resolve(next(one.url for one in peer.tickets() if one.external_id == external_id))
        body = body_of(f"{details_in(ticket.body)}\n\nOne more line for @nobody.", FOOTER)
        tracker.update(ticket.ref, TicketChange(body=body))
        (now,) = _raw_bodies(peer)
        assert now.startswith(raw)
        assert "@nobody" not in now


def _raw_bodies(peer: TrackerPeer) -> list[str]:
    """As the vendor keeps them."""
    held = getattr(peer, "_issues", None) or getattr(peer, "issues", {})
    issues = held.values() if isinstance(held, dict) else held
    return [str(getattr(one, "description", None) or getattr(one, "body", "")) for one in issues]


def test_a_cut_text_is_the_same_text(tracker: Tracker) -> None:
    """What there is no room for is no edit."""
    made = _opened(tracker, LONG["lines"])
    sent = details_in(tracker.shortened(body_of(LONG["lines"], FOOTER)))
    assert tracker.canonical(sent) == tracker.canonical(details_in(made.body))
    assert made.updated_at <= datetime.now(UTC)
