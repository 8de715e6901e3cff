"""``docs/sync.md`` shows what the suite found, and that every case holds."""

from tests.sync import table
from tests.sync.scene import peer_classes


def test_there_are_twenty_cases() -> None:
    assert list(table.cases()) == list(range(1, 21))
    assert all(table.cases().values())


def test_four_trackers_have_a_peer() -> None:
    assert {"asana", "github", "jira", "linear"} <= peer_classes().keys()


def test_the_table_is_current() -> None:
    """A case, a tracker or a reason that is new makes it stale: pytest tests/sync --write-sync-table."""
    assert table.in_document() == table.rendered(table.expected())


def test_a_case_that_does_not_hold_would_show() -> None:
    failing = table.expected() | {(7, "github"): table.FAILS}
    assert table.in_document() != table.rendered(failing)
