"""Asana's HTML as blocks; any HTML at all is read, and nothing in it is trusted or fetched."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from integrations.text.blocks import (
    CODE,
    Block,
    Code,
    Heading,
    Item,
    Listing,
    Mark,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)
from integrations.trackers.asana.reduction import CONTROLS, JOINT, joined_runs, reduced_blocks

DEEPEST = 40
"""Tags nested deeper than this are read as if they were not there."""
_MARK_OF_TAG = {
    "strong": Mark.STRONG,
    "b": Mark.STRONG,
    "em": Mark.EM,
    "i": Mark.EM,
    "s": Mark.STRIKE,
    "del": Mark.STRIKE,
}
VOID = {"hr", "br", "img", "input", "meta", "link", "wbr", "col", "area", "base", "embed", "source", "track"}
_SILENT = {"script", "style", "head", "title", "template"}
_BLOCK_NAMES = (
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr html li main nav object ol p pre section summary table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_ASANA = re.compile(rf"(?<=app\.){JOINT}(?=asana\.com)", re.IGNORECASE)


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["_Node | str"] = field(default_factory=list)


class _Reader(HTMLParser):
    """Takes any text for a tree of tags; never raises, knows no entities but HTML's own, and bounds the depth."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Node("body")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in VOID and len(self._open) < DEEPEST:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def is_block(tag: str) -> bool:
    return tag in _BLOCKS


def runs_in(html: str) -> Runs:
    """The letters of a piece of a line, each with its look."""
    reader = _Reader()
    reader.feed(_cleaned(html))
    reader.close()
    return tuple(run for one in reader.root.children for run in _node_runs(one, Run("")))


def _cleaned(html: str) -> str:
    return _ASANA.sub("", CONTROLS.sub("", html.replace("\r\n", "\n"))).replace(JOINT, "")


def from_html(html: str) -> tuple[Block, ...]:
    reader = _Reader()
    reader.feed(_cleaned(html))
    reader.close()
    return reduced_blocks(_node_blocks(reader.root.children))


def _node_blocks(children: Sequence["_Node | str"]) -> Iterator[Block]:
    loose: list[Run] = []
    for child in children:
        if isinstance(child, str) or not _holds_block(child):
            loose += _node_runs(child, Run(""))
            continue
        yield from _paragraphs(loose)
        loose = []
        yield from _node_block(child)
    yield from _paragraphs(loose)


def _holds_block(node: "_Node | str") -> bool:
    """By the convention of HTML, also for what is new in Asana."""
    return isinstance(node, _Node) and (node.tag in _BLOCKS or any(_holds_block(one) for one in node.children))


def _node_block(node: _Node) -> Iterator[Block]:
    match node.tag:
        case "hr":
            yield Rule()
        case "pre":
            yield Code(_text(node))
        case "ul" | "ol":
            items = tuple(Item(tuple(_node_blocks(one))) for one in _node_items(node))
            yield Listing(items, 1 if node.tag == "ol" else None)
        case "blockquote":
            yield Quote(tuple(_node_blocks(node.children)))
        case "table":
            rows = [tuple(_node_cells(row)) for row in _within(node, {"tr"})]
            if rows and rows[0]:
                yield Table(tuple(rows))
        case tag if tag in _HEADINGS:
            yield Heading(int(tag[1:]), tuple(run for one in node.children for run in _node_runs(one, Run(""))))
        case tag if tag not in _SILENT:
            yield from _node_blocks(node.children)


def _node_items(node: _Node) -> Iterator[list["_Node | str"]]:
    for child in node.children:
        if isinstance(child, _Node):
            yield child.children if child.tag == "li" else [child]


def _node_cells(row: _Node) -> Iterator[Runs]:
    for cell in _within(row, {"td", "th"}):
        yield tuple(run for one in cell.children for run in _node_runs(one, Run("")))


def _within(node: _Node, tags: set[str]) -> Iterator[_Node]:
    for child in node.children:
        if isinstance(child, _Node) and child.tag in tags:
            yield child
        elif isinstance(child, _Node) and child.tag != "table":
            yield from _within(child, tags)


def _node_runs(node: "_Node | str", look: Run) -> Iterator[Run]:
    if isinstance(node, str):
        yield replace(look, text=node)
    elif node.tag == "br":
        yield replace(look, text="\n")
    elif node.tag == "img":
        source = node.attributes.get("src")
        said = node.attributes.get("alt", "").strip() or source or ""
        yield replace(look, text=said, href=look.href or source or None)
    elif node.tag == "code":
        yield replace(look, text=_text(node), marks=look.marks | CODE)
    elif node.tag not in _SILENT:
        if node.tag in _MARK_OF_TAG:
            look = replace(look, marks=look.marks | {_MARK_OF_TAG[node.tag]})
        elif node.tag == "a":
            mention = node.attributes.get("data-asana-type") == "user"
            look = replace(look, href=None if mention else node.attributes.get("href") or None)
        for child in node.children:
            yield from _node_runs(child, look)


def _text(node: _Node) -> str:
    return "".join(child if isinstance(child, str) else _text(child) for child in node.children)


def _paragraphs(runs: Sequence[Run]) -> Iterator[Paragraph]:
    """Empty lines part them."""
    current: list[Run] = []
    for run in joined_runs(Run("\n\n") if run.text == "\n\n" else run for run in runs):
        first, *rest = [run.text] if run.is_code else re.split(r"\n[ \t]*\n\s*", run.text)
        current.append(replace(run, text=first))
        for one in rest:
            yield Paragraph(tuple(current))
            current = [replace(run, text=one)]
    yield Paragraph(tuple(current))
