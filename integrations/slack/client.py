"""Slack's Web API, through one connection: who somebody is, messages, dialogs, previews of links.

Slack's pages: https://docs.slack.dev/reference/methods (each method's errors), https://docs.slack.dev/apis/web-api
(``ok`` false with status 200; 429 with ``Retry-After``),
https://docs.slack.dev/interactivity/handling-user-interaction (``response_url``: five uses in 30 minutes).

It blocks: call it on a thread. It makes no request until it is asked for something, and never tries again by itself.

Errors of every method:

- ``CredentialsRejected``: the token is revoked, expired, or of an app that was removed;
- :class:`SlackRefused` with Slack's own code; :class:`ChannelGone`, :class:`PersonGone` and :class:`ScopeMissing` are
  those that tell apart what a person has to mend, :class:`ThreadGone` what was deleted there;
- :class:`SlackUnavailable`, a stumble: try again, after ``retry_after`` seconds where Slack said so.

No text or repr of an error holds a credential or an answering address.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackApiError

from domain.errors import CredentialsRejected
from integrations.outbound.bounded import trouble_in_words
from integrations.outbound.policy import AddressRefused, guarded
from integrations.slack.errors import (
    NOT_SLACK,
    PersonGone,
    SlackRefused,
    SlackUnavailable,
    ThreadGone,
    _seconds,
    refusal,
)
from integrations.slack.http import SlackHttp, get, post
from integrations.slack.settings import SlackConfig, SlackSecrets

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SlackUser:
    """``trusted_email`` is the address by which they may be matched: of a full member of this very workspace, which
    Slack has confirmed. Guests and people of other organisations choose what stands in theirs."""

    id: str
    name: str
    email: str | None
    trusted_email: str | None


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """``is_outside``: shared with another organisation, or about to be."""

    id: str
    is_private: bool
    is_outside: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """A message of ours: ``id`` is its ``channel:ts``, ``thread`` the time of the message that it stands under."""

    id: str
    thread: str | None = None


class Slack:
    def __init__(
        self, config: SlackConfig, secrets: SlackSecrets, timeout: float = 10.0, kept_host: str | None = None
    ) -> None:
        self._config = config
        self._timeout = max(1, round(timeout))
        self._kept_host = kept_host
        self._token = secrets.token.get_secret_value() if secrets.token else ""
        self._client = SlackHttp(token=self._token, base_url=f"{config.base_url}/api/", timeout=self._timeout)

    # People

    def whoami(self) -> tuple[Json, frozenset[str]]:
        """``auth.test``'s answer, and the scopes that the token carries (empty where Slack does not tell)."""
        answer = self._call("auth.test")
        told = next((value for name, value in answer.headers.items() if name.lower() == "x-oauth-scopes"), "")
        return dict(answer.data), frozenset(one.strip() for one in str(told).split(",") if one.strip())

    def find_user(self, user_id: str) -> SlackUser | None:
        try:
            answer = self._call("users.info", user=user_id)
        except PersonGone:
            return None
        return self._user(answer.data.get("user") or {})

    def find_user_by_email(self, email: str) -> SlackUser | None:
        try:
            answer = self._call("users.lookupByEmail", email=email)
        except PersonGone:
            return None
        return self._user(answer.data.get("user") or {})

    def _user(self, user: Mapping[str, Any]) -> SlackUser | None:
        if not user.get("id") or user.get("deleted"):
            return None
        profile = user.get("profile") or {}
        name = profile.get("display_name") or profile.get("real_name") or user.get("name") or user["id"]
        email = (str(profile.get("email") or "")).strip().lower() or None
        foreign = bool(self._config.workspace_id) and user.get("team_id", "") not in {"", self._config.workspace_id}
        doubtful = any(user.get(one) for one in ("is_bot", "is_stranger", "is_restricted", "is_ultra_restricted"))
        trusted = email if not doubtful and not foreign and user.get("is_email_confirmed") is not False else None
        return SlackUser(str(user["id"]), str(name), email, trusted)

    # Messages

    def post(
        self,
        channel: str,
        text: str,
        blocks: Sequence[Json],
        *,
        key: str,
        thread: str | None = None,
        broadcast: bool = False,
    ) -> Posted:
        """Posts a message, to a person by their user id; with ``thread`` under the message of that time, and with
        ``broadcast`` in the channel as well.

        ``key`` goes with it as metadata, by which :meth:`find_posted` knows it again: Slack itself has no idempotence.
        """
        under = {"thread_ts": thread, **({"reply_broadcast": "true"} if broadcast else {})} if thread else {}
        answer = self._call(
            "chat.postMessage",
            channel=channel,
            text=text,
            blocks=json.dumps(list(blocks)),
            metadata=json.dumps({"event_type": "afterword_message", "event_payload": {"key": key}}),
            unfurl_links="false",
            unfurl_media="false",
            **under,
        )
        told = (answer.data.get("message") or {}).get("thread_ts")
        return Posted(f"{answer.data['channel']}:{answer.data['ts']}", thread if told == thread else None)

    def find_posted(self, channel: str, key: str) -> str | None:
        """The message with that key among the last of the channel, as ``channel:ts``."""
        answer = self._call("conversations.history", channel=channel, limit="50", include_all_metadata="true")
        return _keyed(channel, answer, key)

    def find_answer(self, channel: str, thread: str, key: str) -> str | None:
        """The message with that key under the one of that time. Raises :class:`ThreadGone` where that is deleted."""
        fields = {"channel": channel, "ts": thread, "limit": "999", "include_all_metadata": "true"}
        answer = self._call("conversations.replies", **fields)
        if found := _keyed(channel, answer, key):
            return found
        messages = answer.data.get("messages") or []
        if not any(one.get("ts") == thread and one.get("subtype") != "tombstone" for one in messages):
            raise ThreadGone("conversations.replies", "thread_not_found")
        return None

    def open_direct(self, user_id: str) -> str:
        """The channel of direct messages with somebody."""
        answer = self._call("conversations.open", users=user_id)
        return str(answer.data["channel"]["id"])

    def post_ephemeral(self, channel: str, user_id: str, text: str, blocks: Sequence[Json]) -> None:
        self._call("chat.postEphemeral", channel=channel, user=user_id, text=text, blocks=json.dumps(list(blocks)))

    def update(self, channel: str, ts: str, text: str, blocks: Sequence[Json]) -> None:
        self._call("chat.update", channel=channel, ts=ts, text=text, blocks=json.dumps(list(blocks)))

    def respond(self, response_url: str, text: str, blocks: Sequence[Json], *, replace: bool = False) -> None:
        """Answers where somebody asked: to them alone, or in place of the message whose button they pressed.

        Raises :class:`SlackRefused` for an address that is not Slack's, or that does not work any more.
        """
        self._check_answering(response_url)
        body: Json = {"text": text, "blocks": list(blocks), "replace_original": replace}
        body = body if replace else {**body, "response_type": "ephemeral"}
        with self._speaking("response_url", response_url):
            answer = post(response_url, self._timeout, json=body)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise SlackUnavailable(f"status {answer.status_code}", _seconds(answer.headers))
        if answer.status_code >= 300:
            raise SlackRefused("response_url", str(answer.status_code))

    def _check_answering(self, response_url: str) -> None:
        """Whatever a signed request says, answers go to Slack alone."""
        ours, theirs = urlsplit(self._config.base_url), urlsplit(response_url)
        host = theirs.hostname or ""
        slack = host == ours.hostname or host.endswith((f".{ours.hostname}", ".slack.com", ".slack-gov.com"))
        if not slack or theirs.scheme not in {"https", ours.scheme} or "@" in theirs.netloc:
            raise SlackRefused("response_url", "not_slack")

    # Dialogs, messages of others, previews

    def open_dialog(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        self._call("views.open", trigger_id=trigger_id, view=json.dumps(dict(view)))

    def find_message(self, channel: str, ts: str) -> Json | None:
        """A message by its time; None where it is gone. Answers in threads are found as well."""
        try:
            answer = self._call("reactions.get", channel=channel, timestamp=ts, full="true")
        except SlackRefused as refusal:
            if refusal.code in {"message_not_found", "bad_timestamp", "no_item_specified"}:
                return None
            raise
        message = answer.data.get("message")
        return dict(message) if isinstance(message, dict) else None

    def permalink(self, channel: str, ts: str) -> str | None:
        try:
            answer = self._call("chat.getPermalink", channel=channel, message_ts=ts)
        except SlackRefused:
            return None
        return str(answer.data.get("permalink") or "") or None

    def channel(self, channel: str) -> SlackChannel:
        answer = self._call("conversations.info", channel=channel)
        told = answer.data.get("channel") or {}
        outside = any(told.get(one) for one in ("is_ext_shared", "is_pending_ext_shared"))
        elsewhere = bool(told.get("is_shared")) and not told.get("is_org_shared")
        return SlackChannel(channel, bool(told.get("is_private") or told.get("is_im")), outside or elsewhere)

    def unfurl(self, where: Mapping[str, str], previews: Mapping[str, Sequence[Json]]) -> None:
        """Puts blocks under links; ``where`` is ``channel`` and ``ts``, or ``unfurl_id`` and ``source``."""
        unfurls = {url: {"blocks": list(blocks)} for url, blocks in previews.items()}
        self._call("chat.unfurl", unfurls=json.dumps(unfurls), **where)

    def download(self, url: str, media_type: str) -> bytes | None:
        """A file of a message, up to 10 MB; None where the app may not read it, which Slack says with a page.

        The token goes to Slack alone: to the host of the API, or one of slack.com.
        """
        if not _is_slacks(url, self._config.base_url):
            return None
        with self._speaking("files", url):
            answer = get(url, int(self._timeout), self._token)
        told = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        is_page = told == "text/html" and media_type != "text/html"
        return answer.content if answer.status_code == 200 and not is_page else None

    # Calls

    def _call(self, method: str, **fields: str) -> Any:
        if not self._token:
            raise CredentialsRejected(tracker="Slack", detail="the connection has no token")
        with self._speaking(method, self._config.base_url):
            answer = self._client.api_call(method, data=fields)
            if not isinstance(answer.data, dict):
                raise SlackUnavailable(f"{method}: {NOT_SLACK}")
            return answer

    @contextmanager
    def _speaking(self, method: str, address: str) -> Iterator[None]:
        """Turns what the library raises into our errors; its texts may hold what a server sent, and are not shown."""
        try:
            with guarded(address, self._kept_host):
                yield
        except (CredentialsRejected, SlackRefused, SlackUnavailable):
            raise
        except AddressRefused as refused:
            raise SlackRefused(method, "address_refused", str(refused)) from None
        except SlackApiError as error:
            raise refusal(method, error) from None
        except Exception as error:
            raise SlackUnavailable(f"{method}: {trouble_in_words(error)}") from None


def _is_slacks(url: str, base_url: str) -> bool:
    ours, there = urlsplit(base_url), urlsplit(url)
    if there.netloc == ours.netloc and there.scheme == ours.scheme:
        return True
    hosts = (ours.hostname or "", there.hostname or "")
    return there.scheme == "https" and all(one == "slack.com" or one.endswith(".slack.com") for one in hosts)


def _keyed(channel: str, answer: Any, key: str) -> str | None:
    for message in answer.data.get("messages") or []:
        metadata = message.get("metadata") or {}
        if (metadata.get("event_payload") or {}).get("key") == key:
            return f"{channel}:{message['ts']}"
    return None
