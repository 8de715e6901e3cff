"""Texts as HTML: formatted once for each content, in other processes, and kept while there is room.

A page doesn't wait long. What isn't ready by then, or takes too long at all, is shown as plain text; formatting goes
on, and the next reader gets it.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeAlias

import structlog
from markupsafe import Markup

from application import text_work
from domain.comments.formatting import Passage, format_passages
from domain.errors import TextTooComplex, TooMuchText

log = structlog.get_logger()

PATIENCE = 3.0
"""Seconds that a page waits for its texts."""
KEPT = 16 * 1024 * 1024
"""Bytes of HTML that a process keeps."""
TOGETHER = 2_000
"""Characters of a text that is formatted together with others of its page."""

Key: TypeAlias = bytes
TOO_LONG = "This text takes too long to format, so it's shown as plain text."
NOT_YET = "This text is still being formatted, so it's shown as plain text. Reload the page to see it formatted."


class Formatter:
    """One for each process."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept: OrderedDict[Key, bytes | None] = OrderedDict()
        """None for a text that takes too long."""
        self._size = 0
        self._limit = kept
        self._running: dict[Key, asyncio.Task[dict[Key, bytes | None]]] = {}

    async def format(self, passages: Sequence[Passage], patience: float = PATIENCE) -> list[Markup]:
        """Each as HTML, or as plain text with a note."""
        keys = [_key(one) for one in passages]
        found = {key: self._kept[key] for key in keys if key in self._kept}
        for key in found:
            self._kept.move_to_end(key)
        self._begin({key: one for key, one in zip(keys, passages, strict=True) if key not in found})
        if waiting := {self._running[key] for key in keys if key in self._running}:
            done, _ = await asyncio.wait(waiting, timeout=patience)
            for task in done:
                found |= task.result()
        return [_shown(one, key, found) for one, key in zip(passages, keys, strict=True)]

    def _begin(self, missing: dict[Key, Passage]) -> None:
        new = {key: one for key, one in missing.items() if key not in self._running}
        short = {key: one for key, one in new.items() if len(one.text) <= TOGETHER}
        for group in (short, *({key: one} for key, one in new.items() if key not in short)):
            if group:
                task = asyncio.create_task(self._run(group))
                self._running |= dict.fromkeys(group, task)

    async def _run(self, group: dict[Key, Passage]) -> dict[Key, bytes | None]:
        passages = list(group.values())
        try:
            length = sum(len(one.text) for one in passages)
            html = await text_work.run(format_passages, passages, length=length)
        except TextTooComplex:
            made: dict[Key, bytes | None] = dict.fromkeys(group)
        except TooMuchText:
            return {}
        except Exception:  # a page with a plain text is better than none
            log.exception("defect", action="format texts")
            made = dict.fromkeys(group)
        else:
            made = {key: one.encode("utf-8", "surrogatepass") for key, one in zip(group, html, strict=True)}
        finally:
            for key in group:
                self._running.pop(key, None)
        self._keep(made)
        return made

    def _keep(self, made: dict[Key, bytes | None]) -> None:
        for key, html in made.items():
            if key not in self._kept:
                self._kept[key] = html
                self._size += _size(html)
        while self._size > self._limit:
            _, oldest = self._kept.popitem(last=False)
            self._size -= _size(oldest)


def _size(html: bytes | None) -> int:
    return len(html or b"") + 200  # a key and its entry take memory too


def _key(passage: Passage) -> Key:
    return hashlib.sha256(repr(passage).encode("utf-8", "surrogatepass")).digest()


def _shown(passage: Passage, key: Key, found: dict[Key, bytes | None]) -> Markup:
    html = found.get(key)
    if html is not None:
        return Markup(html.decode("utf-8", "surrogatepass"))  # noqa: S704 - cleaned in domain.content.markdown
    note = TOO_LONG if key in found else NOT_YET
    return Markup('<p class="quiet" role="note">{}</p><div class="unformatted">{}</div>').format(note, passage.text)
