"""Scenes for the cases, and the table that they make: ``pytest tests/sync --write-sync-table`` writes it."""

import re
from collections.abc import Iterator

import pytest

from tests.nightly import NIGHTLY
from tests.servers import servers
from tests.stack import Person, Stack
from tests.sync import table
from tests.sync.scene import Scene, peer_classes, playing


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-sync-table", action="store_true", help="write docs/sync.md from what these tests found")


@pytest.fixture(scope="session")
def database() -> str:
    """One that no worker knows of."""
    return servers().database()


@pytest.fixture(scope="session")
def sync_admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


@pytest.fixture(scope="session")
def sync_author(stack: Stack) -> Person:
    return stack.person()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """By day each case meets two trackers, and each tracker eight cases; all meet all by night, and for the table.

    Whoever asks for a case by its name gets it.
    """
    if NIGHTLY or config.getoption("--write-sync-table") or any("::" in one for one in config.args):
        return
    left = {one for one in items if (named := table.CASE.fullmatch(one.name)) and not is_for_the_day(named)}
    config.hook.pytest_deselected(items=list(left))
    items[:] = [one for one in items if one not in left]


def is_for_the_day(case: re.Match[str]) -> bool:
    place = sorted(peer_classes()).index(case[3])
    return (place + int(case[1])) % len(peer_classes()) in {0, 2}


@pytest.fixture(params=sorted(peer_classes()))
def scene(request: pytest.FixtureRequest, stack: Stack, sync_admin: Person, sync_author: Person) -> Iterator[Scene]:
    with playing(stack, request.param, sync_admin, sync_author) as one:
        yield one


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if isinstance(item, pytest.Function) and item.path.stem in table.MODULES:
        table.note(item, report)  # type: ignore[arg-type]
    return report  # type: ignore[return-value]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--write-sync-table"):
        table.write()
