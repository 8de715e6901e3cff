"""What is kept of every message: the mail's text, Slack's blocks, ``docs/messages.md``, and the lines of the matrix.

``python -m tests.messages.goldens`` writes them again, after a change that is intended.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import strict
from pathlib import Path

from domain.notifications.meanings import GROUPS
from domain.notifications.notices import KINDS, NoticeKind
from integrations import registry
from integrations.notifier import Recipient
from integrations.slack.blocks import fallback, message_blocks
from tests.cli.running import ROOT
from tests.messages.examples import Example, all_examples, of_kind
from tests.messages.matrix import Cell, cells
from tests.peers.smtp import running_smtp

FOLDER = Path(__file__).parent
MAILS, BLOCKS, DOCUMENT = FOLDER / "mails.txt", FOLDER / "blocks.json", ROOT / "docs" / "messages.md"
MATRIX = FOLDER / "matrix.txt"

HEAD = """# Messages

Every kind of notice, with the subject and the first lines of its mail, as sent. `python -m tests.messages.goldens`
writes this page, and `tests/messages` compares it with what a mail server gets. Whole mails are in
[tests/messages/mails.txt](../tests/messages/mails.txt); `python -m tests.messages.pictures` draws them. What each
receiver gets of each kind, alone and among others, is in [tests/messages/matrix.txt](../tests/messages/matrix.txt).

Every message says who did it or that it is automatic, quotes what was said, names what it is about and when that is
due, says why you get it, and has one button that leads to the very comment, section, item, or form. Notices about the
same postmortem or action item are one entry. What you may not see is in no message.

"""
COLUMNS = ("Kind", "Group", "Subject", "Quote or facts", "Why you", "Button", "Settled when")


def letters(examples: list[Example]) -> list[EmailMessage]:
    """As a server gets them."""
    return [message_from_bytes(raw, policy=strict) for raw in asyncio.run(sent(examples))]


async def sent(examples: list[Example]) -> list[bytes]:
    with running_smtp() as box:
        config = {"host": box.host, "port": box.port, "security": "NONE", "fromAddress": "afterword@example.com"}
        async with registry.connect_notifier("email", config, {}) as mail:
            for one in examples:
                await mail.send(one.message, Recipient("reader@example.com", "A Reader"))
        return box.raw


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def mails(examples: list[Example], received: list[EmailMessage]) -> str:
    parts = [
        f"======== {one.name}, to: {one.whom}\nSubject: {letter['Subject']}\n\n{text_of(letter)}"
        for one, letter in zip(examples, received, strict=True)
    ]
    return "\n".join(parts)


def blocks(examples: list[Example]) -> str:
    told = {one.name: {"text": fallback(one.message), "blocks": message_blocks(one.message)} for one in examples}
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def matrix(found: Iterable[Cell]) -> str:
    return "".join(f"{one.line()}\n" for one in found)


def document(received: Mapping[NoticeKind, EmailMessage]) -> str:
    rows = [_row(kind, received[kind]) for kind in NoticeKind]
    head = [f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}"]
    return HEAD + "\n".join([*head, *rows]) + "\n"


def _row(kind: NoticeKind, letter: EmailMessage) -> str:
    (entry,) = of_kind(kind).message.entries
    said = [f"“{entry.quote}”"] if entry.quote else []
    said += [f"{one.label}: {one.value}" for one in entry.facts]
    group = next(one.label for one in GROUPS.values() if kind in one.kinds)
    assert entry.action is not None
    cells = [
        f"{KINDS[kind].label}<br>`{kind.value}`",
        group,
        str(letter["Subject"]),
        "<br>".join(said),
        entry.why,
        entry.action.label,
        KINDS[kind].settled_by.value,
    ]
    return f"| {' | '.join(one.replace('|', '/') for one in cells)} |"


def write() -> None:
    examples = all_examples()
    received = letters(examples)
    MAILS.write_text(mails(examples, received))
    BLOCKS.write_text(blocks(examples))
    MATRIX.write_text(matrix(cells()))
    DOCUMENT.write_text(document(dict(zip(NoticeKind, received, strict=False))))


if __name__ == "__main__":
    write()
