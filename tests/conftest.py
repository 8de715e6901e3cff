"""What every test may ask for. Servers are real, and made once for the session."""

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import text

from tests import servers
from tests.stack import Stack, shared_stack

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

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # what is slow because the machine is busy is not wrong

LONGEST = (
    *(
        "tests/sync/test_cases_of_fields.py",
        "tests/sync/test_cases_of_delivery.py",
        "tests/sync/test_cases_of_trust.py",
        "tests/api/test_openapi.py",
        "tests/api/access/test_access_table.py",
        "tests/sync/test_schedules.py",
    ),
    *("tests/stories/test_killed.py", "tests/api/content/test_two_editors.py"),
    *("tests/api/access/test_every_exit.py", "tests/stories/test_secrets.py"),
)
"""Begun first, longest first: a file that is begun last leaves the other cores idle at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """Where several processes test, their controller starts what they share, while they collect."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        servers.begin()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    places = {config.rootpath / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One whole Afterword, shared: make your own people, teams and postmortems in it."""
    with shared_stack() as one:
        yield one


@pytest.fixture
def no_meetings_left(stack: Stack) -> Iterator[None]:
    """What a test has planned ends with it: else its invitations go to the next test's mail server."""
    yield
    assert stack.direct is not None
    stack.direct.write(
        text(
            "update meeting set status = case status when 'SCHEDULED' then 'CANCELLED' else status end,"
            " told_request = request, next_at = null, workflow_started = true"
        )
    )


@pytest.fixture
def admin(stack: Stack) -> httpx.Client:
    return stack.client()
