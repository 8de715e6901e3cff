"""What a connection's figures mean."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.connections.health import (
    EXPIRES_SOON,
    OBJECTIVE,
    Budget,
    ConnectionState,
    RegistrationState,
    Window,
    connection_state,
    registration_state,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "errors", "left"),
    [(0, 0, 1.0), (1000, 0, 1.0), (1000, 5, 0.5), (1000, 10, 0.0), (1000, 500, 0.0), (1, 1, 0.0)],
)
def test_the_budget_is_what_the_objective_allows_over_the_longest_window(
    attempts: int, errors: int, left: float
) -> None:
    short = Window(1, 10, 10)
    assert Budget([short, Window(168, attempts, errors)]).left == left
    assert OBJECTIVE == 0.99


def test_nothing_tried_leaves_all_of_it() -> None:
    assert Budget([]).left == 1.0
    assert Window(1, 0, 0).burn == 0


@pytest.mark.parametrize(
    ("there", "expires_at", "state"),
    [
        (False, None, RegistrationState.NONE),
        (True, None, RegistrationState.ACTIVE),
        (True, NOW + EXPIRES_SOON + timedelta(seconds=1), RegistrationState.ACTIVE),
        (True, NOW + EXPIRES_SOON, RegistrationState.EXPIRING),
        (True, NOW + timedelta(seconds=1), RegistrationState.EXPIRING),
        (True, NOW, RegistrationState.EXPIRED),
    ],
)
def test_a_webhook_of_ours_is_renewed_in_time_or_has_ended(
    there: bool, expires_at: datetime | None, state: RegistrationState
) -> None:
    assert registration_state(there, expires_at, NOW) is state


@pytest.mark.parametrize(
    ("enabled", "disconnected", "troubled", "proven", "state"),
    [
        (True, False, False, True, ConnectionState.OK),
        (True, False, False, False, ConnectionState.UNTESTED),
        (False, False, False, False, ConnectionState.PAUSED),
        (True, False, True, True, ConnectionState.NEEDS_ATTENTION),
        (False, False, True, True, ConnectionState.NEEDS_ATTENTION),
        (False, True, True, True, ConnectionState.DISCONNECTED),
    ],
)
def test_one_word_for_how_it_stands(
    enabled: bool, disconnected: bool, troubled: bool, proven: bool, state: ConnectionState
) -> None:
    found = connection_state(enabled=enabled, disconnected=disconnected, troubled=troubled, proven=proven)
    assert found is state
