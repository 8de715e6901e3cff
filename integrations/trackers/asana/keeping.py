"""A description with new words in which every tag that is not touched stays as it is.

Mentions of people, pictures and tags that we do not know are foreign: they are never lost (see ``CannotKeep``). Links
that Asana made smart and underlines stay where their words stay.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import accumulate

from integrations.text.blocks import Block, Heading, Item, Listing, Mark, Paragraph, Quote, Runs, Table
from integrations.text.keeping import CannotKeep, New, Old, StandIn, align, placed, text_of, words_of
from integrations.trackers.asana.html_reader import VOID, from_html, is_block, runs_in
from integrations.trackers.asana.html_writer import between, blocks_html, item_html, runs_html

_KNOWN = frozenset(
    [
        "strong",
        "b",
        "em",
        "i",
        "s",
        "del",
        "u",
        "code",
        "ol",
        "ul",
        "li",
        "a",
        "blockquote",
        "pre",
        "h1",
        "h2",
        "hr",
        "br",
    ]
)
_SOFT = frozenset({"a", "u"})
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_TAGS = {Mark.STRONG: "strong", Mark.EM: "em", Mark.STRIKE: "s"}


@dataclass(slots=True)
class _Tag:
    """An element and where it stands in the source: ``start`` to ``stop``, what it holds from ``inner`` to ``end``."""

    name: str
    attributes: dict[str, str | None]
    start: int
    inner: int
    end: int = 0
    stop: int = 0
    children: list["_Tag"] = field(default_factory=list)

    @property
    def is_foreign(self) -> bool:
        mentions = self.attributes.get("data-asana-type") == "user"
        return self.name not in _KNOWN or mentions or any(one.is_foreign for one in self.children)

    @property
    def is_block(self) -> bool:
        return is_block(self.name) or any(one.is_block for one in self.children)


class _Places(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._html = html
        self._lines = [0, *accumulate(len(one) + 1 for one in html.split("\n"))]
        self.root = _Tag("", {}, 0, 0, len(html), len(html))
        self._open = [self.root]
        self.feed(html)
        self.close()
        for left in self._open[1:]:
            left.end = left.stop = len(html)

    def _offset(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start, text = self._offset(), self.get_starttag_text() or ""
        made = _Tag(tag, dict(attrs), start, start + len(text), start + len(text), start + len(text))
        self._open[-1].children.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._offset()
        stop = start + len(self.get_starttag_text() or "")
        self._open[-1].children.append(_Tag(tag, dict(attrs), start, stop, stop, stop))

    def handle_endtag(self, tag: str) -> None:
        place = next((at for at in range(len(self._open) - 1, 0, -1) if self._open[at].name == tag), None)
        if place is None:
            return
        at = self._offset()
        for one in self._open[place:]:
            one.end = one.stop = at
        self._open[place].stop = self._html.index(">", at) + 1
        del self._open[place:]


def holds_foreign(html: str) -> bool:
    """Whether our text has no word for something in it."""
    return any(one.is_foreign for one in _Places(html).root.children)


def patched(html: str, wanted: Sequence[Block]) -> str:
    """What is inside ``<body>``, with these blocks for its words. Raises ``CannotKeep``."""
    old = [_old(part) for part in _parts(html)]
    new = [New(block, block, type(block).__name__, words_of(block)) for block in wanted]
    written = ""
    last: _Part | None = None
    for step in align(old, new, _edited):
        part = step.result or (step.old.source if step.old else None)
        if part is None and step.new is not None:
            block = step.new.source
            part = _Part(blocks_html([block], comment=False), is_text=isinstance(block, Paragraph | Table))
        if part is None:
            continue
        if last is not None:
            follows = last.stop is not None and last.place + 1 == part.place
            written += html[last.stop : part.start] if follows else between(last.is_text, part.is_text)
        written, last = written + part.html, part
    return written


@dataclass(frozen=True, slots=True)
class _Part:
    html: str
    is_text: bool
    tag: _Tag | None = None
    """The one element that it is; its offsets are of ``html``."""
    place: int = -2
    start: int | None = None
    stop: int | None = None
    """Which part it was, and where it stood."""


def _parts(html: str) -> Iterator[_Part]:
    """Blocks, and between them paragraphs of text, which empty lines part."""
    for place, (start, stop, is_text) in enumerate(_spans(html)):
        whole = html[start:stop]
        tag = None if is_text else next(iter(_Places(whole).root.children))
        yield _Part(whole, is_text, tag, place, start, stop)


def _spans(html: str) -> Iterator[tuple[int, int, bool]]:
    at = 0
    tags = _Places(html).root.children
    for tag in [one for one in tags if one.is_block]:
        yield from _paragraphs(html, at, tag.start, tags)
        yield tag.start, tag.stop, False
        at = tag.stop
    yield from _paragraphs(html, at, len(html), tags)


def _paragraphs(html: str, start: int, stop: int, tags: Sequence[_Tag]) -> Iterator[tuple[int, int, bool]]:
    for found in _EMPTY_LINES.finditer(html, start, stop):
        if not any(one.start < found.start() < one.stop for one in tags):
            yield from _paragraph(html, start, found.start())
            start = found.end()
    yield from _paragraph(html, start, stop)


def _paragraph(html: str, start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
    text = html[start:stop]
    if text.strip():
        first = start + len(text) - len(text.lstrip())
        yield first, first + len(text.strip()), True


def _old(part: _Part) -> Old[_Part]:
    blocks = from_html(part.html)
    if len(blocks) > 1:
        raise CannotKeep
    foreign = holds_foreign(part.html)
    if not blocks:
        return Old(part, None, foreign=foreign)
    return Old(part, blocks[0], type(blocks[0]).__name__, words_of(blocks[0]), foreign)


def _edited(old: Old[_Part], new: New[Block]) -> _Part:
    part, tag = old.source, old.source.tag
    match new.source:
        case Paragraph(runs) if tag is None:
            return replace(part, html=_line(part.html, runs))
        case Heading(level, runs) if tag is not None and tag.name == f"h{level}":
            return _inside(part, tag, _line(part.html[tag.inner : tag.end], runs))
        case Quote(blocks) if tag is not None and tag.name == "blockquote":
            return _inside(part, tag, patched(part.html[tag.inner : tag.end], blocks))
        case Listing(items, start) if tag is not None and tag.name == ("ol" if start else "ul"):
            return _inside(part, tag, _listing(part.html, tag, items))
    raise CannotKeep


def _inside(part: _Part, tag: _Tag, html: str) -> _Part:
    return replace(part, html=f"{part.html[: tag.inner]}{html}{part.html[tag.end :]}")


def _line(html: str, runs: Runs) -> str:
    stand_ins: list[StandIn[str]] = []
    line = _collected(html, _Places(html).root, "", stand_ins)
    written = ""
    for words, kept in placed(line, stand_ins, runs):
        if kept is None:
            written += runs_html(words)
            continue
        shared = frozenset.intersection(*(run.marks for run in words)) if words else frozenset()
        tags = [tag for mark, tag in _TAGS.items() if mark in shared]
        written += "".join(f"<{one}>" for one in tags) + kept + "".join(f"</{one}>" for one in reversed(tags))
    return written


def _collected(html: str, tag: _Tag, line: str, stand_ins: list[StandIn[str]]) -> str:
    """The line's letters; what is to be kept in it is added to ``stand_ins``."""
    at = tag.inner
    for child in tag.children:
        line += text_of(runs_in(html[at : child.start]))
        whole = html[child.start : child.stop]
        bare = child.is_foreign and child.name in _KNOWN and child.attributes.get("data-asana-type") != "user"
        if bare or (child.name not in _SOFT and child.name in _KNOWN):
            line = _collected(html, child, line, stand_ins)
        else:
            seen = runs_in(whole)
            stand_ins.append(StandIn(len(line), seen, whole, child.is_foreign))
            line += text_of(seen)
        at = child.stop
    return line + text_of(runs_in(html[at : tag.end]))


def _listing(html: str, tag: _Tag, items: tuple[Item, ...]) -> str:
    sources = [html[one.start : one.stop] for one in tag.children]
    if any(one.name != "li" for one in tag.children):
        raise CannotKeep
    old = [_old_item(source, tag.name) for source in sources]
    new = [New(one, one, "item", words_of(one)) for one in items]
    written = ""
    for step in align(old, new, lambda before, after: _edited_item(before.source, after.source)):
        if step.new is not None and step.result is None:
            written += item_html(step.new.source)
        else:
            written += step.result or (step.old.source if step.old else "")
    return written


def _old_item(html: str, kind: str) -> Old[str]:
    blocks = from_html(f"<{kind}>{html}</{kind}>")
    listing = blocks[0] if len(blocks) == 1 else None
    item = listing.items[0] if isinstance(listing, Listing) and len(listing.items) == 1 else None
    return Old(html, item, "item", words_of(item) if item else "", holds_foreign(html))


def _edited_item(html: str, item: Item) -> str:
    """Words, and below them lists."""
    (tag,) = _Places(html).root.children
    lists = [one for one in tag.children if one.name in {"ul", "ol"}]
    first, *rest = item.blocks
    if not isinstance(first, Paragraph) or any(one.is_block for one in tag.children if one not in lists):
        raise CannotKeep
    begin = lists[0].start if lists else tag.end
    below = patched("".join(html[one.start : one.stop] for one in lists), rest)
    return f"{html[: tag.inner]}{_line(html[tag.inner : begin], first.runs)}{below}{html[tag.end :]}"
