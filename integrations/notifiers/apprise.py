"""Everything else that takes messages: Teams, Discord, a webhook, and 80 more, by one address each.

The address says which and where: https://github.com/caronc/apprise/wiki. It holds credentials and is a secret. One
connection is one channel, so it serves a team and never a person. Apprise tells only whether a message was taken, not
why it was not: each failure is a stumble, but for an address that it cannot read.

Not every service of Apprise is one here: some run programs, speak to this machine or read files of it. And of an
address only what names the place is taken: its other options could read a file (``template``, ``keyfile``), trust any
certificate (``verify``), or turn a message into a request of another kind (``method``, ``+header``).
"""

import asyncio
import logging
from contextlib import suppress
from typing import Annotated
from urllib.parse import parse_qsl, unquote

import apprise
from pydantic import Field, SecretStr

from domain.errors import NotifierRefused
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep
from integrations.message_html import as_html
from integrations.message_text import as_text
from integrations.notifier import Message, Notifier, NotifierUnavailable, Receipt, Recipient
from integrations.outbound.policy import guarded

logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its warnings name addresses

SECONDS = 30.0
"""How long a channel may take."""
SELF_HOSTED = frozenset(
    {
        *("json", "jsons", "xml", "xmls", "form", "forms", "mmost", "mmosts", "rocket", "rockets", "ntfy", "ntfys"),
        *("gotify", "gotifys", "nctalk", "nctalks", "matrix", "matrixs", "synology", "synologys", "misskey"),
        *("misskeys", "mastodon", "mastodons", "toot", "toots", "signal", "signals", "humhub", "humhubs"),
        *("notica", "noticas", "bark", "barks", "hassio", "hassios", "apprise", "apprises"),
    }
)
"""Their addresses name a host."""
HOSTED = frozenset(
    {
        *("discord", "msteams", "workflow", "workflows", "gchat", "slack", "tgram", "wxteams", "webex", "zulip"),
        *("pover", "pbul", "pagerduty", "opsgenie", "splunk", "victorops", "twilio", "vonage", "nexmo", "msgbird"),
        *("lark", "feishu", "dingtalk", "wecombot", "line", "flock", "twist", "ryver", "guilded", "revolt", "zoom"),
        *("ringc", "signl4", "pagertree", "spike", "join", "prowl", "push", "pushy", "pushed", "pushdeer", "schan"),
        *("onesignal", "sendgrid", "mailgun", "postmark", "sparkpost", "brevo", "resend", "smtp2go", "mailersend"),
        *("sinch", "plivo", "clicksend", "d7sms", "bulksms", "threema", "whatsapp", "viber", "groupme", "chime"),
        *("ifttt", "notifico", "notifiarr", "techulus", "chanify", "wxpusher", "pushplus", "wecom", "kook", "qq"),
    }
)
"""Their addresses name an account; the service's host is known."""
ALLOWED = SELF_HOSTED | HOSTED
FORBIDDEN_OPTIONS = frozenset(
    {
        *("template", "keyfile", "verify", "method", "cto", "rto", "attach", "attach-as", "attach_as", "pgp", "pgpkey"),
        *("config", "include", "subset", "discovery"),
    }
)
_DECODINGS = 5


class AppriseConfig(ConnectionModel):
    """Nothing: the address says it all."""


class AppriseSecrets(ConnectionModel):
    """Where to."""

    url: Annotated[
        SecretStr,
        Field(title="Address", description="An Apprise URL, such as discord://webhook_id/webhook_token."),
    ]


SETUP = (
    SetupStep(
        "Create an incoming webhook at the service, such as Microsoft Teams or Discord, for the channel"
        " that gets the messages.",
    ),
    SetupStep(
        "Write it in Apprise's form, such as discord://id/token, and enter it as Address. Apprise's list"
        " has the form for each service.",
        link="https://github.com/caronc/apprise/wiki",
    ),
    SetupStep(
        "Save the connection, test it, and choose it on the page of the team whose channel it is.",
    ),
)


class AppriseNotifier(Notifier):
    """One channel behind one address."""

    label = "Apprise"
    Config = AppriseConfig
    Secrets = AppriseSecrets
    setup = SETUP
    reaches_people = False

    def __init__(self, config: AppriseConfig, secrets: AppriseSecrets) -> None:
        del config
        self._secrets = secrets

    async def send(self, message: Message, recipient: Recipient) -> Receipt:
        del recipient
        try:
            async with asyncio.timeout(SECONDS):
                await asyncio.to_thread(self._send, message)
        except TimeoutError:
            raise NotifierUnavailable(self.label, f"no answer within {SECONDS:.0f} seconds") from None
        return Receipt(message.id)

    def _send(self, message: Message) -> None:
        """Not apprise's own threads: they would not know what :func:`guarded` allows."""
        target = self._target()
        is_html = any(one.notify_format == apprise.NotifyFormat.HTML for one in target)
        body = as_html(message) if is_html else as_text(message)
        written = apprise.NotifyFormat.HTML if is_html else apprise.NotifyFormat.TEXT
        scheme, _, rest = self._address.partition("://")
        host = rest.partition("?")[0].partition("/")[0].rpartition("@")[2] if scheme.lower() in SELF_HOSTED else ""
        taken = False
        with guarded(host.partition(":")[0], self.kept_host) as guard, suppress(Exception):
            taken = bool(target.notify(body=body, title=message.subject, body_format=written))
        if guard.problem:
            raise NotifierRefused(channel=self.label, detail=guard.problem)
        if not taken:
            raise NotifierUnavailable(self.label, "the channel didn't accept the message")

    async def find_address(self, email: str) -> str | None:
        del email
        return None

    async def check_permissions(self) -> list[PermissionCheck]:
        """Only whether the address can be read: there is no way of asking further without writing there."""
        try:
            await asyncio.to_thread(self._target)
        except NotifierRefused as refusal:
            return [PermissionCheck("Address", granted=False, detail=str(refusal))]
        return [PermissionCheck("Address", granted=True, detail="The address is valid. No message was sent.")]

    @property
    def _address(self) -> str:
        return self._secrets.url.get_secret_value().strip()

    def _target(self) -> apprise.Apprise:
        """On a thread: the first one loads every plugin."""
        if problem := problem_of(self._address):
            raise NotifierRefused(channel=self.label, detail=problem)
        target = apprise.Apprise()
        added = False
        with suppress(Exception):
            added = target.add(self._address)
        if not added or len(target) != 1:
            raise NotifierRefused(channel=self.label, detail="apprise can't read this address.")
        if not _schemes(target[0]) & ALLOWED:  # https://… became a service by the service's own host
            raise NotifierRefused(channel=self.label, detail=NOT_ALLOWED)
        return target


NOT_ALLOWED = (
    "this service isn't available. Choose a chat, paging, or webhook service, such as discord://, msteams://,"
    " or json://."
)


def problem_of(address: str) -> str | None:
    """Why this address is not taken, without a word of it; None if it is."""
    scheme, _, rest = address.partition("://")
    if scheme.lower() not in ALLOWED | {"https"}:
        return NOT_ALLOWED
    for name, value in _options(rest):
        if name[:1] in {"+", "-", ":"}:
            return "custom headers and fields aren't available. Remove the options that start with +, - or :."
        if name in FORBIDDEN_OPTIONS:
            return f"the option {name} isn't available. Remove it."
        if "://" in value and value.partition("://")[0].lower() not in {"http", "https"}:
            return f"the option {name} isn't a web address. Remove it."
    return None


def _options(rest: str) -> list[tuple[str, str]]:
    """Every name in any place after a question mark, however often it is encoded."""
    text = rest.replace("+", "%2B")  # which stands for a custom header here, and would be read as a blank
    for _ in range(_DECODINGS):
        text = unquote(text)
    found: list[tuple[str, str]] = []
    for part in text.replace(";", "&").split("?")[1:]:
        found += parse_qsl(part.replace("+", "%2B"), keep_blank_values=True)
    return [(name.strip().lower(), value.strip()) for name, value in found]


def _schemes(service: object) -> set[str]:
    """Those by which apprise knows the service."""
    found: set[str] = set()
    for name in ("protocol", "secure_protocol"):
        one = getattr(service, name, None)
        found |= {one} if isinstance(one, str) else set(one or ())
    return found
