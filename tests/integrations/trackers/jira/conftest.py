"""Jira as the tests ask for it: with its peer, and with scripted answers."""

from collections.abc import Iterator

import pytest

from integrations.registry import connect
from integrations.tracker import Tracker
from tests.peers.jira import TOKEN, JiraPeer
from tests.peers.scripted import ScriptedVendor


@pytest.fixture
def tracker(jira_peer: JiraPeer) -> Iterator[Tracker]:
    with connect("jira", jira_peer.config, jira_peer.secrets) as tracker:
        yield tracker
    assert not jira_peer.verdicts, jira_peer.verdicts


@pytest.fixture
def scripted(scripted_vendor: ScriptedVendor) -> Iterator[Tracker]:
    config = {"baseUrl": scripted_vendor.url, "email": "bot@acme.example", "project": "OPS"}
    with connect("jira", config, {"apiToken": TOKEN, "webhookSecret": "s"}) as tracker:
        yield tracker
