"""Named timeouts and retry policies; every activity call names one. Refusals are never retried."""

from datetime import timedelta
from typing import Any

from temporalio.common import RetryPolicy

from domain.errors import REFUSALS

STORE: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=3),
    "schedule_to_close_timeout": timedelta(seconds=8),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=50),
        maximum_interval=timedelta(seconds=1),
        non_retryable_error_types=REFUSALS,
    ),
}
"""One transaction while somebody waits for the answer: give up in time to say so."""

STORE_PATIENTLY: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        maximum_interval=timedelta(seconds=5),
        non_retryable_error_types=REFUSALS,
    ),
}
"""One transaction that nobody waits for: until it is done."""

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
