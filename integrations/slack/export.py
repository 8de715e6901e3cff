"""A Slack channel export: its starred or pinned messages as events of a timeline.

Slack's own page: https://slack.com/help/articles/220556107 (one JSON file a day in a folder for each channel, and
``users.json``). Whoever exports stars, pins, or reacts with a star or a pushpin to what belongs into the timeline;
everything else stays where it is.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.errors import Fact, Malformed, reason
from domain.timeline.pasted import EVENT_LIMIT
from integrations.slack.markdown import to_markdown
from integrations.slack.message_words import is_gone, words_of

MARKS = frozenset({"star", "pushpin"})
"""Reactions that mean: into the timeline."""
FILES_LIMIT = 1000
FILE_LIMIT = 8 * 1024 * 1024
PIECE = 4096
"""Bytes that are unpacked at a time, which `zipfile` does not go below."""
UNPACKED_LIMIT = 64 * 1024 * 1024
EVENTS_LIMIT = 5000
ACTOR_LIMIT = 500
NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message that was picked. ``event`` is Markdown; ``key`` is the same in every export of it."""

    at: datetime
    event: str
    actor: str | None
    key: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A picked message that makes no event: ``place`` counts from 1 in its file."""

    file: str
    place: int
    message: str


@dataclass(frozen=True, slots=True)
class Export:
    """``seen`` counts all messages, also those that nobody picked."""

    messages: tuple[ChatMessage, ...]
    unread: tuple[Unread, ...]
    seen: int


def read_export(files: Sequence[tuple[str, bytes]]) -> Export:
    """Reads JSON files, or zip archives of them, by their content. Raises :class:`Malformed`."""
    names: dict[str, str] = {}
    marked: list[tuple[str, int, Mapping[str, Any]]] = []
    seen = 0
    for name, data in _unpacked(files):
        document = _parsed(name, data)
        if _base(name) in {"users.json", "org_users.json"}:
            names |= _names(document)
            continue
        messages = list(_messages(name, document))
        seen += len(messages)
        marked += [(name, place, one) for place, one in enumerate(messages, 1) if _is_picked(one)]
    picked: dict[str, ChatMessage] = {}
    unread: list[Unread] = []
    for name, place, message in marked:
        found = read_message(message, names)
        if isinstance(found, str):
            unread.append(Unread(name[-NAME_LIMIT:], place, found))
        else:
            picked.setdefault(found.key, found)
    if len(picked) > EVENTS_LIMIT:
        raise _refused(
            "too_many", f"More than {EVENTS_LIMIT} messages are starred. Remove some stars and export again."
        )
    return Export(tuple(sorted(picked.values(), key=lambda one: (one.at, one.key))), tuple(unread), seen)


# Files


def _unpacked(files: Sequence[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The JSON files, those of archives among them. What is unpacked is counted as it comes, whatever was declared."""
    left = UNPACKED_LIMIT
    count = 0
    for name, data in files:
        for inner, content in _members(name, data) if data[:2] == b"PK" else [(name, data)]:
            count += 1
            left -= len(content)
            if count > FILES_LIMIT or left < 0:
                raise _refused(
                    "too_large",
                    (
                        f"An export can have at most {FILES_LIMIT} files and {UNPACKED_LIMIT} bytes. Upload fewer"
                        " days at once."
                    ),
                )
            yield inner, content


def _members(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        yield from _json_members(name, data)
    except Malformed:
        raise
    except Exception as problem:  # each compression has errors of its own, and so has each damage to an archive
        raise _refused("bad_archive", "This archive can't be opened.", file=name[-NAME_LIMIT:]) from problem


def _json_members(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = [one for one in archive.infolist() if one.filename.lower().endswith(".json") and not one.is_dir()]
        if len(inside) > FILES_LIMIT:
            raise _refused(
                "too_large",
                f"An export can have at most {FILES_LIMIT} files. Upload fewer days at once.",
                file=name[-NAME_LIMIT:],
            )
        for one in inside:
            content = _unpack(archive, one)
            if len(content) > FILE_LIMIT:
                raise _refused(
                    "too_large", f"A file can have at most {FILE_LIMIT} bytes.", file=one.filename[-NAME_LIMIT:]
                )
            yield one.filename, content


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """At most one byte more than the limit. In small pieces, since all but one compression unpack what is read whole:
    4 MB can become 80 GB."""
    content = bytearray()
    with archive.open(member) as stream:
        while len(content) <= FILE_LIMIT and (piece := stream.read(PIECE)):
            content += piece
    return bytes(content[: FILE_LIMIT + 1])


def _parsed(name: str, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise _refused("bad_json", "This file isn't valid JSON.", file=name[-NAME_LIMIT:]) from problem


def _base(name: str) -> str:
    return name.rpartition("/")[2].lower()


def _refused(code: str, message: str, **facts: Fact) -> Malformed:
    return Malformed(reasons=[reason(code, message, where="body.files", **facts)])


# Messages

_NOT_MESSAGES = {"channels.json", "groups.json", "dms.json", "mpims.json"}


def _messages(name: str, document: Any) -> Iterator[Mapping[str, Any]]:
    """A day's list, or a document that holds one under ``messages``; what else an archive holds is passed over."""
    if _base(name) in _NOT_MESSAGES or "integration_logs" in _base(name) or "canvases" in _base(name):
        return
    listed = document.get("messages") if isinstance(document, dict) else document
    if not isinstance(listed, list):
        raise _refused("not_an_export", "This file doesn't contain a list of messages.", file=name[-NAME_LIMIT:])
    yield from (one for one in listed if isinstance(one, dict))


def _is_picked(message: Mapping[str, Any]) -> bool:
    if is_gone(message):
        return False
    if message.get("is_starred") is True or message.get("pinned_to"):
        return True
    reactions = message.get("reactions")
    if not isinstance(reactions, list):
        return False
    return any(isinstance(one, dict) and one.get("name") in MARKS for one in reactions)


def read_message(message: Mapping[str, Any], names: Mapping[str, str]) -> ChatMessage | str:
    """The event that one message makes, or why there is none; ``names`` are people's by their Slack ids."""
    stamp = str(message.get("ts", ""))
    at = _instant(stamp)
    if at is None:
        return "Its ts isn't a time."
    words = to_markdown(words_of(message), names)
    if not words:
        return "It has no text that we can read."
    if len(words) > EVENT_LIMIT:
        return f"It is longer than {EVENT_LIMIT} characters."
    author = next((one for name in ("user", "bot_id") if isinstance(one := message.get(name), str)), "")
    return ChatMessage(at, words, _actor(message, names), f"slack:{stamp}:{_clean(author)[:100]}")


def _instant(stamp: str) -> datetime | None:
    seconds, _, part = stamp.partition(".")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 10 and (part or "0").isdigit()):
        return None
    try:
        at = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at.replace(microsecond=int(part[:6].ljust(6, "0"))) if part.isascii() else None


# People


def _names(document: Any) -> dict[str, str]:
    people = document if isinstance(document, list) else []
    return {
        one["id"]: name
        for one in people
        if isinstance(one, dict) and isinstance(one.get("id"), str) and (name := _name(one))
    }


def _name(person: Mapping[str, Any]) -> str:
    """As Slack shows it: the display name, else the real one, else the handle."""
    profile = person.get("profile")
    shown = profile if isinstance(profile, dict) else {}
    candidates = (
        shown.get("display_name"),
        shown.get("real_name"),
        person.get("display_name"),
        person.get("real_name"),
        person.get("name"),
    )
    return next((_clean(one) for one in candidates if isinstance(one, str) and _clean(one)), "")


def _actor(message: Mapping[str, Any], names: Mapping[str, str]) -> str | None:
    user = message.get("user")
    if isinstance(user, str) and user in names:
        return names[user]
    for one in (message.get("user_profile"), message.get("bot_profile")):
        if isinstance(one, dict) and (name := _name(one)):
            return name
    username = message.get("username")
    said = username if isinstance(username, str) and username.strip() else user
    return (_clean(said) or None) if isinstance(said, str) else None


def _clean(text: str) -> str:
    """One line that a database can hold."""
    held = text.replace("\0", "").encode("utf-8", "replace").decode()
    return " ".join(held.split())[:ACTOR_LIMIT]
