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
"""One transaction while a person waits for the answer: six attempts in about 3 s, or one locked row, then it fails.

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
"""One transaction that nobody waits for, if the quick attempts failed: until it is done."""

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
"""A vendor: until it answers; its own Retry-After takes precedence."""

PAGE: dict[str, Any] = {**TRACKER, "start_to_close_timeout": timedelta(minutes=5)}
"""Many tickets of a vendor, some of which have to be read one by one."""

WEBHOOK: dict[str, Any] = {
    **TRACKER,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_attempts=3, non_retryable_error_types=REFUSALS
    ),
}
"""Our own webhook at a vendor: the next reconciliation tries again what fails now."""
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
"""A person who asked in a chat: while an answer can still reach them (Slack: 30 minutes)."""

DOCUMENTS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(hours=6),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(minutes=1),
        maximum_attempts=50,
        non_retryable_error_types=REFUSALS,
    ),
}
"""An archive or an import, which goes on where it was interrupted; about 45 minutes of failures end it."""

PUBLISHER: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=10),
    "schedule_to_close_timeout": timedelta(days=1),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(minutes=10),
        non_retryable_error_types=REFUSALS,
    ),
}
"""A copy in another system: for a day, until it answers; its own Retry-After takes precedence."""

MEETING: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=3),
    "schedule_to_close_timeout": timedelta(minutes=10),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(minutes=1),
        maximum_attempts=6,
        non_retryable_error_types=REFUSALS,
    ),
}
"""A calendar, a video service or a mail server: about half a minute of attempts; the next look tries again."""

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
"""A channel: the activity counts its attempts, tries one channel after the other, and ends with the inbox."""

SIGN_IN: dict[str, Any] = {
    **NOTIFY,
    "start_to_close_timeout": timedelta(minutes=1),
    "schedule_to_close_timeout": timedelta(minutes=15),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(minutes=1),
        non_retryable_error_types=REFUSALS,
    ),
}
"""A sign-in link, which someone waits for; later they have asked for another one."""
