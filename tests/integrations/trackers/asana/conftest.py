"""Asana beyond one ticket at a time, against its peer; both are judged by Asana's own document."""

from collections.abc import Iterator

import pytest

from integrations.tracker import Tracker
from tests.integrations.trackers.asana.peer import JudgedPeer, joined
from tests.peers.asana import AsanaPeer
from tests.peers.asana_openapi import AsanaJudge


@pytest.fixture
def peer() -> Iterator[AsanaPeer]:
    peer = JudgedPeer()
    peer.judges.append(AsanaJudge())
    with peer.running():
        yield peer
    assert peer.verdicts == []


@pytest.fixture
def tracker(peer: AsanaPeer) -> Iterator[Tracker]:
    with joined(peer) as tracker:
        yield tracker
