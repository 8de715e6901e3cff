"""One installation for all files of this folder that a process tests."""

from collections.abc import Iterator

import pytest

from tests.pages.access.installation import Installation, forget_attempts, installation


@pytest.fixture(scope="package")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("providers")) as one:
        yield one


@pytest.fixture
def at(providers: Installation) -> Installation:
    """The installation, honest and without wrong attempts."""
    for one in (providers.forger, providers.partner):
        one.reset()
    forget_attempts(providers.stack)
    return providers
