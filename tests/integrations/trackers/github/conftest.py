"""GitHub as the tests ask for it: emulated, and with scripted answers."""

from collections.abc import Iterator

import pytest

from integrations.registry import connect
from integrations.tracker import Tracker
from tests.integrations.trackers.github.answers import TOKEN
from tests.peers.emulate import EmulatedGithub
from tests.peers.github_openapi import GithubRequests
from tests.peers.scripted import ScriptedVendor


@pytest.fixture
def tracker(emulate_github: EmulatedGithub, github_requests: GithubRequests) -> Iterator[Tracker]:
    config = {"repository": emulate_github.repository, "baseUrl": emulate_github.url, "secondsBetweenWrites": 0}
    with connect("github", config, {"token": emulate_github.token}) as tracker:
        yield tracker


@pytest.fixture
def scripted(scripted_vendor: ScriptedVendor) -> Iterator[Tracker]:
    config = {"repository": "acme/api", "baseUrl": scripted_vendor.url, "secondsBetweenWrites": 0}
    with connect("github", config, {"token": TOKEN, "webhookSecret": "s"}) as tracker:
        yield tracker
