"""Nodes of Atlassian Document Format as a tree; of what is not known the text is kept."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from pydantic import JsonValue

from domain.markdown import BOXES
from integrations.text.blocks import (
    BREAK,
    PLAIN,
    Block,
    Blocks,
    Code,
    Heading,
    Item,
    Listing,
    Mark,
    Marks,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
    normal_blocks,
)
from integrations.text.markdown_reader import address, language

Node = Mapping[str, JsonValue]

DEEPEST = 40
"""How deep a document is looked into: no person nests deeper."""
_MARKS = {"strong": Mark.STRONG, "em": Mark.EM, "strike": Mark.STRIKE, "code": Mark.CODE}


def nodes_in(node: object, name: str) -> list[Node]:
    held = node.get(name) if isinstance(node, Mapping) else None
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def attribute(node: Node, name: str) -> str:
    attrs = node.get("attrs")
    value = attrs.get(name) if isinstance(attrs, dict) else None
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def blocks_of(nodes: Iterable[Node], depth: int) -> list[Block]:
    if depth > DEEPEST:
        return []
    found: list[Block] = []
    loose: list[Run] = []  # inline nodes where blocks belong
    for node in nodes:
        blocks = _block(node, depth)
        if blocks is None:
            loose += runs_of(node)
            continue
        found += [Paragraph(tuple(loose)), *blocks]
        loose = []
    return [*found, Paragraph(tuple(loose))]


def _block(node: Node, depth: int) -> list[Block] | None:  # noqa: PLR0911 (a table of kinds)
    """None where it is no block."""
    content = nodes_in(node, "content")
    match node.get("type"):
        case "paragraph" | "caption" | "decisionItem":
            return [Paragraph(_line(content))]
        case "heading":
            level = attribute(node, "level")
            return [Heading(int(level) if level.isdigit() else 1, _line(content))]
        case "codeBlock":
            text = "".join(str(one.get("text", "")) for one in content)
            return [Code(text, language(attribute(node, "language")))]
        case "blockquote" | "panel":
            return [Quote(tuple(blocks_of(content, depth + 1)))]
        case "bulletList" | "decisionList":
            return [Listing(tuple(_items(content, depth)))]
        case "orderedList":
            order = attribute(node, "order")
            return [Listing(tuple(_items(content, depth)), int(order) if order.isdigit() else 1)]
        case "taskList":
            return [Listing(tuple(_tasks(content, depth)))]
        case "table":
            return [Table(tuple(_row(row, depth) for row in content))]
        case "rule":
            return [Rule()]
        case "expand" | "nestedExpand":
            title = Paragraph((Run(attribute(node, "title"), frozenset({Mark.STRONG})),))
            return [title, *blocks_of(content, depth + 1)]
        case "blockCard" | "embedCard" | "media" | "extension":
            return [Paragraph(tuple(runs_of(node)))]
        case _ if content and not is_inline(node):
            return blocks_of(content, depth + 1)
    return None


def is_inline(node: Node) -> bool:
    return node.get("type") in {"text", "mention", "emoji", "status", "date", "inlineCard", "inlineExtension"}


def _items(nodes: Iterable[Node], depth: int) -> Iterator[Item]:
    for node in nodes:
        if node.get("type") == "decisionItem":
            yield Item((Paragraph(_line(nodes_in(node, "content"))),))
        else:
            yield _item(normal_blocks(blocks_of(nodes_in(node, "content"), depth + 1)))


def _item(blocks: Blocks) -> Item:
    """One whose words begin with a box is a task, as ``adf_writer.with_box`` wrote it."""
    first = blocks[0] if blocks else None
    run = first.runs[0] if isinstance(first, Paragraph) else None
    if not isinstance(first, Paragraph) or run is None or run.marks or run.text[:4] not in BOXES:
        return Item(blocks)
    words = Paragraph((Run(run.text[4:], run.marks, run.href), *first.runs[1:]))
    return Item((words, *blocks[1:]), BOXES[run.text[:4]])


def _tasks(nodes: Iterable[Node], depth: int) -> list[Item]:
    """A list within follows the task that it belongs to."""
    items: list[Item] = []
    for node in nodes:
        content = nodes_in(node, "content")
        if node.get("type") == "taskList":
            inner = Listing(tuple(_tasks(content, depth + 1))) if depth < DEEPEST else None
            if items and inner:
                items[-1] = Item((*items[-1].blocks, inner), items[-1].done)
            elif inner:
                items += inner.items
            continue
        blocks = blocks_of(content, depth + 1)
        items.append(Item(tuple(blocks), attribute(node, "state") == "DONE"))
    return items


def _row(row: Node, depth: int) -> tuple[Runs, ...]:
    return tuple(cell_runs(blocks_of(nodes_in(cell, "content"), depth + 1)) for cell in nodes_in(row, "content"))


def cell_runs(blocks: Iterable[Block]) -> Runs:
    """All that a cell holds, in one line."""
    runs: list[Run] = []
    for block in blocks:
        runs += [BREAK, *_flat(block)]
    return tuple(runs)


def _flat(block: Block) -> Runs:
    match block:
        case Paragraph(runs) | Heading(_, runs):
            return runs
        case Code(text):
            return (Run(text, frozenset({Mark.CODE})),)
        case Quote(blocks):
            return cell_runs(blocks)
        case Listing(items):
            return cell_runs(one for item in items for one in item.blocks)
        case Table(rows):
            return lines_of(rows)
        case Rule():
            return ()


def _line(nodes: Iterable[Node]) -> Runs:
    return tuple(run for node in nodes for run in runs_of(node))


def runs_of(node: Node) -> Iterator[Run]:
    kind = node.get("type")
    if kind == "text":
        yield _text(node)
    elif kind == "hardBreak":
        yield BREAK
    elif kind in {"inlineCard", "blockCard", "embedCard"}:
        url = attribute(node, "url")
        yield Run(url, PLAIN, address(url))
    elif kind == "mention":
        name = attribute(node, "text") or attribute(node, "id")
        yield Run(name if name.startswith("@") else f"@{name}")
    elif kind == "date":
        yield Run(_date(attribute(node, "timestamp")))
    elif content := nodes_in(node, "content"):
        for one in content:
            yield from runs_of(one)
    else:
        words = (attribute(node, name) for name in ("text", "shortName", "alt", "title"))
        yield Run(str(node.get("text") or next((word for word in words if word), "")))


def _text(node: Node) -> Run:
    marks: Marks = PLAIN
    href: str | None = None
    for mark in nodes_in(node, "marks"):
        kind = mark.get("type")
        if kind == "link":
            href = address(attribute(mark, "href"))
        elif isinstance(kind, str) and kind in _MARKS:
            marks |= {_MARKS[kind]}
    return Run(str(node.get("text", "")), marks, href)


def _date(timestamp: str) -> str:
    """Milliseconds since 1970, as a day."""
    try:
        return datetime.fromtimestamp(int(timestamp) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return timestamp


def lines_of(rows: tuple[tuple[Runs, ...], ...]) -> Runs:
    runs: list[Run] = []
    for row in rows:
        for place, cell in enumerate(row):
            runs += [Run(" | "), *cell] if place else cell
        runs.append(BREAK)
    return tuple(runs)
