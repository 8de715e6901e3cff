"""What every test may ask for. Servers are real, and made once for the session."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.stack import Stack, running_stack

pytest_plugins = [
    "tests.api.gallery",
    "tests.organisation",
    "tests.peers.browser",
    "tests.peers.emulate",
    "tests.peers.receiver",
    "tests.peers.github_openapi",
    "tests.peers.jira_openapi",
    "tests.peers.scripted",
]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One whole Afterword, shared: make your own people, teams and postmortems in it."""
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as one:
        yield one


@pytest.fixture
def admin(stack: Stack) -> httpx.Client:
    return stack.client()
