"""Linear as the tests ask for it: with its peer, and with scripted answers."""

from collections.abc import Iterator

import pytest

from integrations.registry import connect
from integrations.tracker import Tracker
from tests.peers.linear import LinearPeer
from tests.peers.linear_schema import judge


@pytest.fixture
def peer() -> Iterator[LinearPeer]:
    peer = LinearPeer()
    peer.judges.append(judge)
    with peer.running():
        yield peer
    assert not peer.verdicts, peer.verdicts


@pytest.fixture
def tracker(peer: LinearPeer) -> Iterator[Tracker]:
    with connect("linear", peer.config, peer.secrets) as tracker:
        yield tracker
