"""Whatever the settings connect ends with its file: else a later test's mail goes to a server that isn't there."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, text

from models.integration import Integration
from tests.stack import Stack


@pytest.fixture(scope="module", autouse=True)
def nothing_stays_connected(stack: Stack) -> Iterator[None]:
    assert stack.direct is not None
    before = stack.direct.rows(select(Integration.id))
    yield
    ended = "update integration set is_enabled = false, disconnected_at = now() where id <> all(:before)"
    stack.direct.write(text(ended), before=before)
