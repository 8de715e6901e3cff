"""Messages, dialogs and previews as Slack's Block Kit.

Slack's pages: https://docs.slack.dev/reference/block-kit (limits: 50 blocks a message, 3,000 characters a text, 75 a
button's, 2,000 its value) and https://docs.slack.dev/surfaces/modals (``private_metadata``: 3,000). Every text that a
person wrote is escaped (``integrations.slack.mrkdwn``) and cut to what Slack takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from integrations.notifier import Act, Entry, Fact, Link, Message
from integrations.slack.actions import OPEN
from integrations.slack.mrkdwn import cut, escaped, linked, to_mrkdwn

Json = dict[str, Any]

BLOCKS_LIMIT = 50
TEXT_LIMIT = 3000
FALLBACK_LIMIT = 2000
TITLE_LIMIT = 200
PREVIEW_LIMIT = 1200
FIELDS_LIMIT, FIELD_LIMIT = 10, 300
"""Slack's own limits: ten fields in a section, 2,000 characters in each."""
POINTS_LIMIT, QUOTE_LIMIT = 7, 600
FALLBACK_ENTRIES = 5
BUTTONS_LIMIT = 6
METADATA_LIMIT = 3000
REASON_LIMIT = 3000

LABELS = {
    Act.APPROVE: "Approve",
    Act.REQUEST_CHANGES: "Request changes…",
    Act.START: "Start",
    Act.MARK_DONE: "Mark done",
    Act.SNOOZE: "Snooze…",
    Act.WONT_DO: "Won't do…",
}
DIALOG_ACTS = frozenset({Act.REQUEST_CHANGES, Act.SNOOZE, Act.WONT_DO})
"""Those that ask for more before anything is done."""
ADD_TO_TIMELINE = "add_to_timeline"
"""The message shortcut's callback id, and that of its dialog."""


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, TEXT_LIMIT)}}


def header(text: str) -> Json:
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, 150)}}


def context(text: str, block_id: str | None = None) -> Json:
    block: Json = {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(text, TEXT_LIMIT)}]}
    return block | ({"block_id": block_id} if block_id else {})


def plain(text: str, limit: int = 2000) -> Json:
    return {"type": "plain_text", "text": cut(text, limit)}


def buttons(entity_id: str, acts: Sequence[Act], place: str, links: Sequence[Link] = ()) -> Json:
    """Buttons about one entity, and links that look like buttons. ``place`` tells two rows of one message apart."""
    pressed = [
        {
            "type": "button",
            "action_id": act.value,
            "value": entity_id,
            "text": plain(LABELS[act], 75),
            **({"style": "primary"} if act in {Act.APPROVE, Act.MARK_DONE} else {}),
        }
        for act in acts[:5]
    ]
    opened = [
        {"type": "button", "action_id": f"{OPEN}{number}", "text": plain(link.label, 75), "url": link.url}
        for number, link in enumerate(links[: BUTTONS_LIMIT - min(len(pressed), 5)])
    ]
    return {"type": "actions", "block_id": f"{entity_id}.{place}", "elements": [*pressed, *opened]}


# Messages


def message_blocks(message: Message) -> list[Json]:
    """A digest, an escalation, a report or a publication: its parts, each entry with what may be pressed."""
    parts = [(group.words, entries) for group, entries in message.grouped()]
    is_one = len(message.entries) == 1
    blocks = [] if is_one else [header(message.subject)]
    if message.intro:
        blocks.append(section(escaped(message.intro)))
    tail = _footer(message)
    if is_one:
        parts = [("", entries) for _, entries in parts]
    return [*blocks, *parts_blocks(parts, BLOCKS_LIMIT - len(blocks) - len(tail)), *tail]


def parts_blocks(parts: Sequence[tuple[str, Sequence[Entry]]], room: int) -> list[Json]:
    """Entries under their headings, as many as there is room for; how many more there are is said."""
    blocks: list[Json] = []
    left, place, hidden = room - 1, 0, 0
    for words, entries in parts:
        rows = [entry_blocks(entry, place + number) for number, entry in enumerate(entries, 1)]
        place += len(rows)
        heading = [section(f"*{escaped(words)}*")] if words else []
        fitting = _fitting(rows, left - len(heading))
        hidden += len(rows) - fitting
        if fitting:
            chosen = [block for row in rows[:fitting] for block in row]
            blocks += [*heading, *chosen]
            left -= len(heading) + len(chosen)
    return [*blocks, context(f"and {hidden} more")] if hidden else blocks


def _fitting(rows: Sequence[Sequence[Json]], room: int) -> int:
    """How many rows of blocks fit."""
    count = 0
    for row in rows:
        room -= len(row)
        if room < 0:
            break
        count += 1
    return count


def _footer(message: Message) -> list[Json]:
    told = f"Times are in {escaped(message.zone)}."
    if message.preferences_url:
        told += f" {linked('Notification settings', message.preferences_url)}"
    return [context(told)]


def entry_blocks(entry: Entry, place: int) -> list[Json]:
    """One section with the title as a link and the facts as fields; below it what may be pressed, and why it comes."""
    told = section(_entry_text(entry))
    if entry.facts:
        told["fields"] = [_field(one) for one in entry.facts[:FIELDS_LIMIT]]
    entity = entry.action_item_id or entry.postmortem_id or entry.id
    row = buttons(entity, entry.acts, str(place), (entry.action, *entry.links) if entry.action else entry.links)
    blocks = [told, row] if row["elements"] else [told]
    return [*blocks, context(escaped(entry.why))] if entry.why else blocks


def _field(fact: Fact) -> Json:
    words = f"*{escaped(fact.label)}*\n{escaped(cut(fact.value, FIELD_LIMIT))}"
    return {"type": "mrkdwn", "text": cut(words, 2000)}


def _entry_text(entry: Entry) -> str:
    """The title, what happened, and what was said."""
    lines = [f"*{linked(cut(entry.title, TITLE_LIMIT), entry.link)}*", escaped(cut(entry.text, 800))]
    lines += _quoted(entry.quote)
    for point in entry.points[:POINTS_LIMIT]:
        words = cut(point.text, 200)
        lines.append(f"• {linked(words, point.link) if point.link else escaped(words)}")
        lines += _quoted(cut(point.quote, 160))
    return "\n".join(lines)


def _quoted(quote: str) -> list[str]:
    return [f"> {escaped(cut(' '.join(quote.split()), QUOTE_LIMIT))}"] if quote else []


def fallback(message: Message) -> str:
    """What notifications and screen readers say of it: the subject, what was said, and what else there is."""
    if len(message.entries) == 1:
        (entry,) = message.entries
        said = [f"“{entry.quote}”"] if entry.quote else [one.text for one in entry.points]
        due = [f"{one.label}: {one.value}" for one in entry.facts if one.label == "Due"]
        return cut(escaped(". ".join([message.subject, *said, *due])), FALLBACK_LIMIT)
    listed = "; ".join(f"{one.title}: {one.text}" for one in message.entries[:FALLBACK_ENTRIES])
    return cut(escaped(f"{message.subject}. {listed}" if listed else message.subject), FALLBACK_LIMIT)


def settled(blocks: Sequence[Json], block_id: str, told: str) -> list[Json]:
    """Our message after a button was pressed: in place of its row of buttons, what happened."""
    outcome = context(told, block_id or None)
    kept = [outcome if one.get("block_id") == block_id else dict(one) for one in blocks]
    return kept if outcome in kept else [*kept[: BLOCKS_LIMIT - 1], outcome]


# Dialogs


def _modal(callback: str, title: str, submit: str, metadata: str, blocks: Sequence[Json]) -> Json:
    if len(metadata) > METADATA_LIMIT:
        raise ValueError("a dialog carries at most 3,000 characters")
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title, 24),
        "submit": plain(submit, 24),
        "close": plain("Cancel", 24),
        "private_metadata": metadata,
        "blocks": list(blocks),
    }


def reason_dialog(act: Act, about: str, metadata: str) -> Json:
    """Asks what should change, or why something will not be done."""
    changes = act is Act.REQUEST_CHANGES
    label = "What should change?" if changes else "Why won't this be done?"
    entry: Json = {
        "type": "input",
        "block_id": "reason",
        "label": plain(label),
        "element": {
            "type": "plain_text_input",
            "action_id": "reason",
            "multiline": True,
            "min_length": 1,
            "max_length": REASON_LIMIT,
        },
    }
    title, submit = ("Request changes", "Request changes") if changes else ("Won't do", "Won't do")
    return _modal(act.value, title, submit, metadata, [section(about), entry])


def snooze_dialog(about: str, metadata: str, first: date) -> Json:
    """Asks until which day nobody is to be reminded."""
    entry: Json = {
        "type": "input",
        "block_id": "until",
        "label": plain("No reminders before"),
        "element": {"type": "datepicker", "action_id": "until", "initial_date": first.isoformat()},
    }
    return _modal(Act.SNOOZE.value, "Snooze", "Snooze", metadata, [section(about), entry])


@dataclass(frozen=True, slots=True)
class Choice:
    """A postmortem that somebody may choose."""

    id: str
    words: str


def timeline_dialog(choices: Sequence[Choice], metadata: str, *, may_bind: bool) -> Json:
    """Asks into which postmortem a message goes."""
    options = [{"text": plain(one.words, 75), "value": one.id} for one in choices[:100]]
    blocks: list[Json] = [
        {
            "type": "input",
            "block_id": "postmortem",
            "label": plain("Postmortem"),
            "element": {"type": "static_select", "action_id": "postmortem", "options": options},
        }
    ]
    if may_bind:
        blocks.append(
            {
                "type": "input",
                "block_id": "bind",
                "optional": True,
                "label": plain("This channel"),
                "element": {
                    "type": "checkboxes",
                    "action_id": "bind",
                    "options": [
                        {
                            "text": plain("Link this channel: its :pushpin: messages go to this postmortem", 75),
                            "value": "yes",
                        }
                    ],
                },
            }
        )
    return _modal(ADD_TO_TIMELINE, "Add to timeline", "Add", metadata, blocks)


# Previews of links


@dataclass(frozen=True, slots=True)
class Face:
    """What a preview shows of a postmortem."""

    number: int
    title: str
    status: str
    url: str
    summary: str | None
    facts: tuple[str, ...] = ()


def preview_blocks(face: Face) -> list[Json]:
    blocks = [section(f"*{linked(cut(face.title, TITLE_LIMIT), face.url)}*")]
    if face.summary and (words := to_mrkdwn(face.summary, PREVIEW_LIMIT)):
        blocks.append(section(words))
    facts = [f"Postmortem #{face.number}", face.status.capitalize().replace("_", " "), *face.facts]
    return [*blocks, context(escaped(" · ".join(facts)))]


def neutral_blocks() -> list[Json]:
    """The same for every postmortem that may not be shown here, and for those that do not exist."""
    return [context("A postmortem in Afterword. Open it to see whether you have access.")]
