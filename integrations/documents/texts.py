"""Markdown of a postmortem as the tree of blocks that all writers walk, read as pages read it.

A picture of an attachment is a run whose ``href`` is ``attachment:<id>`` and whose text is what it shows. Any other
picture is a link: nothing is ever fetched. ``#17`` becomes a link if ``links`` has its address.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from domain.markdown import Token, page_parser
from integrations.text.blocks import (
    Block,
    Blocks,
    Heading,
    Marks,
    Run,
    Runs,
    mapped,
    normal_blocks,
    with_runs,
)
from integrations.text.markdown_reader import BlockReader

ATTACHMENT = "attachment:"
DEEPEST_HEADING = 6

_PARSER = page_parser()
_ID = re.compile(r"attachment:(att_[A-Za-z0-9_-]{1,100})")
_NUMBER = re.compile(r"(?<![\w#&/])#([1-9][0-9]{0,9})(?!\w)")
_UNPRINTABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160), 0xFEFF, 0xFFFE, 0xFFFF])
"""Neither XML nor PDF can hold them, and nobody sees them. A page break and the like are among them."""


@dataclass(frozen=True, slots=True)
class Image:
    """The bytes of an attachment, as a PNG, JPEG, GIF, or WebP; its size in pixels."""

    media_type: str
    content: bytes
    width: int
    height: int


Images = Mapping[str, Image]
"""By the ids of attachments."""


def printable(text: str) -> str:
    """Without control characters and byte order marks."""
    return text.translate(_UNPRINTABLE)


class _Reader(BlockReader):
    def picture(self, token: Token, marks: Marks, href: str | None) -> Run:
        source = str(token.attrs.get("src", ""))
        if found := _ID.fullmatch(source):
            return Run(token.content.strip() or "image", marks, found[0])
        return super().picture(token, marks, href)


def read(markdown: str, links: Mapping[int, str], *, beneath: int = 0) -> Blocks:
    """The tree of a text; its headings are ``beneath`` so many levels of headings."""
    tokens = _PARSER.parse(printable(markdown))
    blocks = normal_blocks(_Reader(tokens).blocks())
    lowered = _lowered(blocks, beneath) if beneath else blocks
    return with_runs(lowered, lambda runs: tuple(_linked(runs, links))) if links else lowered


def line(text: str, links: Mapping[int, str] | None = None) -> Runs:
    """Plain text of one line as runs."""
    words = " ".join(printable(text).split())
    return tuple(_linked((Run(words),), links or {})) if words else ()


def attachment_of(run: Run) -> str | None:
    """The id of the attachment that the run shows."""
    return run.href.removeprefix(ATTACHMENT) if run.href and run.href.startswith(ATTACHMENT) else None


def replaced(alt: str) -> str:
    """What is shown in place of a picture that isn't there."""
    return f"(image: {alt})"


def reads_from_right(runs: Runs) -> bool:
    """By the first letter that has a direction."""
    for run in runs:
        for letter in run.text:
            if (side := unicodedata.bidirectional(letter)) in {"L", "R", "AL"}:
                return side != "L"
    return False


def _lowered(blocks: Blocks, levels: int) -> Blocks:
    """Headings that follow each other without leaving out a level, the first right beneath the section's."""
    last = levels

    def change(block: Block) -> Block:
        nonlocal last
        if not isinstance(block, Heading):
            return block
        last = min(block.level + levels, last + 1, DEEPEST_HEADING)
        return Heading(last, block.runs)

    return tuple(mapped(blocks, change))


def _linked(runs: Runs, links: Mapping[int, str]) -> Iterator[Run]:
    """Numbers outside of code and links lead to the postmortems that the reader may see."""
    for run in runs:
        if run.is_code or run.href or not links:
            yield run
            continue
        at = 0
        for found in _NUMBER.finditer(run.text):
            if (href := links.get(int(found[1]))) is None:
                continue
            if at < found.start():
                yield replace(run, text=run.text[at : found.start()])
            yield replace(run, text=found[0], href=href)
            at = found.end()
        if at < len(run.text):
            yield replace(run, text=run.text[at:])
