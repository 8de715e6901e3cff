"""Named timeouts and retry policies; every activity call names one. Refusals are never retried."""

from datetime import timedelta
from typing import Any

from temporalio.common import RetryPolicy

from domain.errors import REFUSALS, StoreUnavailable

STORE: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=100),
        maximum_interval=timedelta(seconds=1),
        maximum_attempts=6,
        non_retryable_error_types=[*REFUSALS, StoreUnavailable.__name__],
    ),
}
"""One transaction while somebody waits for the answer: six attempts in about 3 s, or one locked row, then say so.

A local activity must end by itself (PostgreSQL's ``lock_timeout`` sees to it): one that the SDK has to interrupt leaves
its update unanswered and a history that does not replay (temporalio 1.35, TMPRL1100)."""

STORE_PATIENTLY: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        maximum_interval=timedelta(seconds=5),
        non_retryable_error_types=REFUSALS,
    ),
}
"""One transaction that nobody waits for, once the quick way did not do: until it is done."""

TRACKER: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=1),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(minutes=5),
        non_retryable_error_types=REFUSALS,
    ),
}
"""A vendor: for as long as it is away; a vendor's own Retry-After goes first."""

PAGE: dict[str, Any] = {**TRACKER, "start_to_close_timeout": timedelta(minutes=5)}
"""Many tickets of a vendor, and those of them that have to be asked for singly."""

WEBHOOK: dict[str, Any] = {
    **TRACKER,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=REFUSALS
    ),
}
"""Our own webhook at a vendor: what does not work now is tried again by the next reconciliation."""
CHAT: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=45),
    "schedule_to_close_timeout": timedelta(minutes=25),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=30),
        non_retryable_error_types=REFUSALS,
    ),
}
"""Somebody who asked in a chat: while an answer still reaches them (Slack: 30 minutes)."""

NOTIFY: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=5),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=2),
        backoff_coefficient=3.0,
        maximum_interval=timedelta(minutes=10),
        non_retryable_error_types=REFUSALS,
    ),
}
"""A channel: the activity counts its attempts, gives up one way after the other, and ends with the inbox."""
