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
    "tests.peers.emulate_linear",
    "tests.peers.receiver",
    "tests.peers.github_openapi",
    "tests.peers.jira_openapi",
    "tests.peers.scripted",
    "tests.peers.slack",
    "tests.chat.workspace",
]

LONGEST = (
    *(
        "tests/sync/test_cases.py",
        "tests/api/test_openapi.py",
        "tests/api/access/test_access_table.py",
        "tests/sync/test_schedules.py",
    ),
    *(
        "tests/test_killed.py",
        "tests/api/content/test_two_editors.py",
        "tests/api/access/test_every_exit.py",
        "tests/test_secrets.py",
    ),
)
"""Begun first, longest first: a file that is begun last leaves the other cores idle at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    places = {config.rootpath / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One whole Afterword, shared: make your own people, teams and postmortems in it."""
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as one:
        yield one


@pytest.fixture
def admin(stack: Stack) -> httpx.Client:
    return stack.client()
