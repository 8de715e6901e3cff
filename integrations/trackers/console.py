"""A tracker without a vendor, for demonstrations and workflow tests: it keeps the contract and needs no account.

Tickets live in this process, or, with ``directory``, in one JSON file there that several processes share: a lock
file beside it serialises them, and each change replaces the file whole, so that a reader never sees half of one. A
ticket's ``external_id`` is random, its ``key`` is ``DEMO-1``.

Its webhooks are JSON of its own shape, signed over the raw bytes (:func:`delivery` makes them)::

    X-Console-Event: ticket
    X-Console-Delivery: 5f0c...
    X-Console-Signature-256: sha256=<HMAC-SHA256 in hexadecimal>

    {"action": "CLOSED", "actor": "jane", "ticket": {"externalId": "...", "key": "DEMO-1", "state": "DONE", ...}}
"""

import fcntl
import secrets as dice
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from domain.errors import TicketGone, TrackerRefused
from domain.tickets.status import CloseReason, TicketState
from integrations.connection import ConnectionModel, Copied, PermissionCheck, SetupStep
from integrations.ticket import News, Ticket, TicketAction, TicketChange, TicketDraft, TicketEvent, TicketRef
from integrations.tracker import Account, Check, Registration, RequiredField, Tracker
from integrations.webhook import check_signature, header, needed_header, payload, sha256_signature


class ConsoleConfig(ConnectionModel):
    """Which board, and where it is kept."""

    project: Annotated[
        str, Field(title="Project", description="Prefix of the keys, such as DEMO.", pattern="^[A-Z][A-Z0-9]{0,9}$")
    ] = "DEMO"
    directory: Annotated[
        Path | None,
        Field(
            title="Directory", description="Folder where tickets are kept in a file. If empty, they're kept in memory."
        ),
    ] = None
    account: Annotated[str, Field(title="Account", description="The account that this connection acts as.")] = (
        "afterword"
    )
    members: Annotated[
        dict[str, str | None], Field(title="Members", description="Accounts by name, each with an e-mail or none.")
    ] = Field(default_factory=dict)
    required: Annotated[
        dict[str, tuple[str, ...]],
        Field(title="Required fields", description="By name, with the allowed values. An empty list allows any value."),
    ] = Field(default_factory=dict)
    web_url: Annotated[str, Field(title="Web address", description="The start of a ticket's URL.")] = (
        "https://console.invalid"
    )


class ConsoleSecrets(ConnectionModel):
    """What its webhooks are signed with."""

    webhook_secret: Annotated[
        SecretStr | None,
        Field(title="Webhook secret", description="Required to accept webhooks."),
    ] = None


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Card(_Wire):
    """A ticket as the board keeps it and as a webhook tells it."""

    external_id: str
    key: str
    url: str
    title: str
    body: str
    state: TicketState
    reason: CloseReason | None
    assignee: str | None
    author: str | None
    marker: str | None
    labels: tuple[str, ...] = ()
    due_on: date | None = None
    comments: dict[str, str] = {}
    updated_at: AwareDatetime

    def ticket(self) -> Ticket:
        words = self.model_dump(exclude={"labels", "comments"})
        return Ticket(**words, status=(self.reason or self.state).value.replace("_", " ").lower())


class _Board(_Wire):
    cards: list[Card] = []

    def put(self, card: Card) -> None:
        self.cards = [*(one for one in self.cards if one.external_id != card.external_id), card]


class _AnyEvent(_Wire):
    """An event of whatever kind: a JSON object."""


class _TicketEvent(_AnyEvent):
    action: TicketAction
    actor: str | None
    ticket: Card


_boards: dict[str, _Board] = {}
_boards_lock = threading.RLock()

SETUP = (
    SetupStep(
        "Choose a directory on the machine where Afterword runs. Tickets become files there, which is"
        " meant for demos and tests.",
    ),
    SetupStep(
        "Save the connection. Tools that report changes send them to this URL, signed with the Webhook secret.",
        copies=Copied.WEBHOOK_URL,
    ),
)


class ConsoleTracker(Tracker):
    """One project's board."""

    label = "Console"
    Config = ConsoleConfig
    Secrets = ConsoleSecrets
    setup = SETUP
    knows_started = True
    calls_per_second = 100.0

    def __init__(self, config: ConsoleConfig, secrets: ConsoleSecrets) -> None:
        self._config = config
        self._secrets = secrets

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:  # noqa: ARG002 (it is all here)
        with self._board() as board:
            mine = [card for card in board.cards if card.marker == marker and card.author == self._config.account]
            return mine[0].ticket() if mine else None

    def create(self, draft: TicketDraft) -> Ticket:
        for name, values in self._config.required.items():
            given = draft.fields.get(name)
            if given in (None, "") or (values and given not in values):
                raise TrackerRefused(tracker=self.label, detail=f"the field '{name}' is required.")
        with self._board() as board:
            key = f"{self._config.project}-{len(board.cards) + 1}"
            card = Card(
                external_id=dice.token_hex(8),
                key=key,
                url=f"{self._config.web_url}/{key}",
                title=draft.title,
                body=draft.body,
                state=TicketState.OPEN,
                reason=None,
                assignee=draft.assignee,
                author=self._config.account,
                marker=draft.marker,
                labels=draft.labels,
                due_on=draft.due_on,
                updated_at=datetime.now(UTC),
            )
            board.put(card)
            return card.ticket()

    def fetch(self, ref: TicketRef) -> Ticket:
        with self._board() as board:
            return self._card(board, ref).ticket()

    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        with self._board() as board:
            card = self._card(board, ref)
            if check is not None:
                check(card.ticket())
            changed = card.model_copy(update=_wanted(card, change))
            if changed == card:
                return card.ticket()
            later = max(datetime.now(UTC), card.updated_at + timedelta(microseconds=1))
            board.put(changed.model_copy(update={"updated_at": later}))
            return self._card(board, ref).ticket()

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        with self._board() as board:
            cards = {card.external_id: card for card in board.cards}
        yield from (cards[ref.external_id].ticket() for ref in refs if ref.external_id in cards)

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        with self._board() as board:
            card = self._card(board, ref)
            if card.comments.get(marker) != body:
                board.put(card.model_copy(update={"comments": {**card.comments, marker: body}}))

    def resolve(self, pointer: str) -> Ticket:
        key = pointer.strip().removeprefix(f"{self._config.web_url}/")
        with self._board() as board:
            found = [card for card in board.cards if card.key == key]
            if not found:
                raise TrackerRefused(tracker=self.label, detail="enter a ticket's URL or key.")
            return found[0].ticket()

    def own_account(self) -> str:
        return self._config.account

    def accounts(self) -> Iterator[Account]:
        with self._board() as board:
            names = {name for card in board.cards for name in (card.author, card.assignee) if name}
        for name in sorted({self._config.account, *names, *self._config.members}):
            yield Account(name, name, self._config.members.get(name))

    def required_fields(
        self,
        project: str | None = None,  # noqa: ARG002 (every board asks the same)
        issue_type: str | None = None,  # noqa: ARG002
    ) -> list[RequiredField]:
        return [
            RequiredField(name, name.capitalize(), "option" if values else "text", {one: one for one in values})
            for name, values in sorted(self._config.required.items())
        ]

    def check_permissions(self) -> list[PermissionCheck]:
        with self._board() as board:
            detail = f"{self._config.project} has {len(board.cards)} tickets."
        return [PermissionCheck("Tickets", granted=True, detail=detail), self._hears(self._secrets.webhook_secret)]

    def register_webhook(
        self,
        url: str,
        secret: str,  # noqa: ARG002 (nobody sends by itself)
        current: Registration | None = None,
    ) -> Registration:
        return current or Registration(url)

    def remove_webhook(self, current: Registration) -> None:
        pass

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:  # noqa: ARG002
        signature = header(headers, "X-Console-Signature-256")
        check_signature(signature and signature.removeprefix("sha256="), body, self._secrets.webhook_secret)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (it numbers them)
        return needed_header(headers, "X-Console-Delivery")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        delivery = self.delivery_id(headers, body)
        if needed_header(headers, "X-Console-Event") != "ticket":
            payload(_AnyEvent, body)
            return ()
        event = payload(_TicketEvent, body)
        ticket = event.ticket.ticket()
        return (TicketEvent(delivery, event.action, ticket.ref, ticket, event.actor, ticket.updated_at),)

    def _card(self, board: _Board, ref: TicketRef) -> Card:
        for card in board.cards:
            if card.external_id == ref.external_id:
                return card
        raise TicketGone(tracker=self.label, key=ref.key)

    @contextmanager
    def _board(self) -> Iterator[_Board]:
        """The board for one reader or writer at a time; what was put is kept at the end."""
        if self._config.directory is not None:
            with _kept(self._config.directory, self._config.project) as board:
                yield board
            return
        with _boards_lock:
            yield _boards.setdefault(self._config.project, _Board())


@contextmanager
def _kept(directory: Path, project: str) -> Iterator[_Board]:
    path = directory / f"{project}.json"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{project}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        board = _Board.model_validate_json(path.read_bytes()) if path.exists() else _Board()
        before = board.cards
        yield board
        if board.cards is not before:
            _replace(path, board.model_dump_json(by_alias=True, indent=1))


def _replace(path: Path, text: str) -> None:
    with NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as draft:
        draft.write(text)
    Path(draft.name).replace(path)


def _wanted(card: Card, change: TicketChange) -> dict[str, object]:
    wanted: dict[str, object] = {}
    if change.title is not None:
        wanted["title"] = change.title
    if change.body is not None:
        wanted["body"] = change.body
    if change.assignee is not None:
        wanted["assignee"] = change.assignee
    if change.due_on is not None or change.no_due_date:
        wanted["due_on"] = change.due_on
    if change.state is not None and (change.state is not card.state or change.reason not in {None, card.reason}):
        wanted |= {"state": change.state, "reason": _reason(change.state, change.reason)}
    return wanted


def _reason(state: TicketState, reason: CloseReason | None) -> CloseReason | None:
    if not state.is_closed:
        return None
    return CloseReason.COMPLETED if state is TicketState.DONE else (reason or CloseReason.NOT_PLANNED)


def delivery(ticket: Ticket, action: TicketAction, actor: str, secret: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of the webhook that tells of ``action`` by the account ``actor``, signed with ``secret``."""
    words = {name: value for name, value in asdict(ticket).items() if name in Card.model_fields}
    card = Card.model_validate(words)
    event = _TicketEvent(action=action, actor=actor, ticket=card)
    body = event.model_dump_json(by_alias=True).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Console-Event": "ticket",
        "X-Console-Delivery": dice.token_hex(16),
        "X-Console-Signature-256": f"sha256={sha256_signature(secret, body)}",
    }
    return headers, body
