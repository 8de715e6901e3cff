"""Slack's refusals and stumbles, by its error codes: https://docs.slack.dev/reference/methods"""

import re
from collections.abc import Mapping

from slack_sdk.errors import SlackApiError

from domain.errors import CredentialsRejected

TOKEN_CODES = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "org_login_required"}
)
CHANNEL_CODES = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action"})
PERSON_CODES = frozenset(
    {"user_not_found", "users_not_found", "user_disabled", "cannot_dm_bot", "user_not_visible", "messages_tab_disabled"}
)
THREAD_CODES = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})
STUMBLES = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"}) | {
    "request_timeout",
    "team_added_to_org",
}


NOT_SLACK = "it sent an unexpected answer. Check the Slack address of this connection."
_CODE = re.compile(r"[a-z][a-z0-9_]{0,79}")


class SlackUnavailable(Exception):
    """A stumble: Slack is away, or limits our rate."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"Slack is unavailable: {detail}")
        self.detail = detail
        self.retry_after = retry_after


class SlackRefused(Exception):
    """Slack said no; ``code`` is its word."""

    def __init__(self, method: str, code: str, detail: str = "") -> None:
        super().__init__(f"Slack refused {method}: {code}{f' ({detail})' if detail else ''}")
        self.method = method
        self.code = code
        self.detail = detail


class ChannelGone(SlackRefused):
    """The channel is archived, deleted, or one that we are not in."""


class PersonGone(SlackRefused):
    """Nobody with that id can be written to: deactivated, a bot, or never there."""


class ThreadGone(SlackRefused):
    """The message that was to be answered is deleted, or cannot be answered."""


class ScopeMissing(SlackRefused):
    """The app was installed without a permission; ``detail`` names it."""


def refusal(method: str, error: SlackApiError) -> Exception:
    answer = error.response
    status, headers = int(getattr(answer, "status_code", 0) or 0), getattr(answer, "headers", {}) or {}
    data = getattr(answer, "data", None)
    code = str(data.get("error") or "unknown") if isinstance(data, dict) else f"status_{status}"
    if not _CODE.fullmatch(code) or code.startswith("status_"):
        code = NOT_SLACK
    if status == 429 or status >= 500 or code in STUMBLES or code is NOT_SLACK:
        return SlackUnavailable(f"{method}: {code}", _seconds(headers))
    if code in TOKEN_CODES:
        return CredentialsRejected(tracker="Slack", detail=code)
    if code in {"missing_scope", "no_permission", "not_allowed_token_type"}:
        needed = str(data.get("needed") or "") if isinstance(data, dict) else ""
        return ScopeMissing(method, code, needed)
    for codes, gone in ((CHANNEL_CODES, ChannelGone), (PERSON_CODES, PersonGone), (THREAD_CODES, ThreadGone)):
        if code in codes:
            return gone(method, code)
    metadata = data.get("response_metadata") if isinstance(data, dict) else None
    detail = metadata.get("messages") if isinstance(metadata, dict) else None
    detail = detail if isinstance(detail, list) else None
    return SlackRefused(method, code, "; ".join(map(str, detail))[:500] if detail else "")


def _seconds(headers: Mapping[str, str]) -> float | None:
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        return max(0.0, float(told)) if told is not None else None
    except ValueError:
        return None
