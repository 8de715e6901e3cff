"""Markdown to Atlassian Document Format and back: what Jira Cloud keeps its texts in.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
(the JSON Schema: npm ``@atlaskit/adf-schema``, ``dist/json-schema/v1/full.json``)

Going out, what ADF does not allow in its place keeps its words: a heading in a list or a quote becomes bold, a table
there becomes lines, a rule is left out, bold inside code too; a column's alignment and a link's title are lost. Links
that lead nowhere safe become their text. No mention is ever written, so nobody is pinged: ``@jane`` stays text.

Coming in, a mention becomes ``@Name``, a panel a quote, an expand its title and contents, a card its address, a date
``2026-11-23``; of what is not known the text is kept. Colours, sizes and pictures are lost.

``to_markdown(to_adf(text))`` is the text's normal form: the same again gives the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum

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
from integrations.text.markdown_reader import address, language, read
from integrations.text.markdown_writer import write, write_plainly

Json = dict[str, JsonValue]
Node = Mapping[str, JsonValue]

DEEPEST = 40
"""How deep a document is looked into: no person nests deeper."""
_ROUNDS = 5
_MARKS = {"strong": Mark.STRONG, "em": Mark.EM, "strike": Mark.STRIKE, "code": Mark.CODE}


def to_adf(markdown: str) -> Json:
    """The text as a document of version 1; an empty text is one without content."""
    return {"version": 1, "type": "doc", "content": _Writer().blocks(_fit(read(markdown)))}


def to_markdown(document: object) -> str:
    """The Markdown of a document as Jira answers it; None, or what is none, is nothing."""
    tree = _fit(normal_blocks(_blocks(_nodes(document, "content"), 0)))
    plain = write_plainly(tree)
    if plain is not None:
        return plain
    for _ in range(_ROUNDS):  # what Markdown can only nearly say settles in one or two
        text = write(tree)
        again = _fit(read(text))
        if again == tree:
            break
        tree = again
    return text


# What fits


class _Place(StrEnum):
    DOC = "doc"
    QUOTE = "quote"
    ITEM = "item"


def _fit(blocks: Blocks) -> Blocks:
    """A normal tree as the format can have it."""
    return normal_blocks(_fitted(blocks, _Place.DOC))


def _fitted(blocks: Blocks, place: _Place) -> Blocks:
    return tuple(one for block in blocks for one in _fitting(block, place))


def _fitting(block: Block, place: _Place) -> Blocks:
    match block:
        case Heading(_, runs) if place is not _Place.DOC:
            return (Paragraph(_bold(runs)),)
        case Quote(inner):
            return (Quote(_fitted(inner, _Place.QUOTE)),) if place is _Place.DOC else _fitted(inner, place)
        case Listing(items, start):
            kept = tuple(Item(_fitted(item.blocks, _Place.ITEM), item.done) for item in items)
            return (Listing(kept, start),)
        case Table(rows) if place is not _Place.DOC:
            return (Paragraph(_lines(rows)),)
        case Rule() if place is not _Place.DOC:
            return ()
    return (block,)


def _bold(runs: Runs) -> Runs:
    strong = frozenset({Mark.STRONG})
    return tuple(run if run.is_code or run == BREAK else Run(run.text, run.marks | strong, run.href) for run in runs)


def _lines(rows: tuple[tuple[Runs, ...], ...]) -> Runs:
    runs: list[Run] = []
    for row in rows:
        for place, cell in enumerate(row):
            runs += [Run(" | "), *cell] if place else cell
        runs.append(BREAK)
    return tuple(runs)


# Going out


class _Writer:
    """Of a tree that fits. Tasks need an id that is theirs alone in the document."""

    def __init__(self) -> None:
        self._tasks = 0

    def blocks(self, blocks: Blocks, *, in_quote: bool = False) -> list[JsonValue]:
        return [self._block(block, in_quote=in_quote) for block in blocks]

    def _block(self, block: Block, *, in_quote: bool) -> Json:  # noqa: PLR0911 (a table of kinds)
        match block:
            case Paragraph(runs):
                return _paragraph(runs)
            case Heading(level, runs):
                return {"type": "heading", "attrs": {"level": level}, "content": list(_inline(runs))}
            case Code(text, info):
                node: Json = {"type": "codeBlock", "content": [{"type": "text", "text": text}] if text else []}
                return {**node, "attrs": {"language": info}} if info else node
            case Quote(inner):
                return {"type": "blockquote", "content": self.blocks(inner, in_quote=True)}
            case Listing(items, None) if not in_quote and _all_tasks(items):
                return self._tasks_of(items)
            case Listing(items, start):
                content: list[JsonValue] = [{"type": "listItem", "content": self._item(item)} for item in items]
                if start is None:
                    return {"type": "bulletList", "content": content}
                return {"type": "orderedList", "attrs": {"order": start}, "content": content}
            case Table(rows):
                return _table(rows)
            case Rule():
                return {"type": "rule"}

    def _item(self, item: Item) -> list[JsonValue]:
        """It begins with a paragraph, or code, in every version of Jira's editor."""
        content = self.blocks(_with_box(item))
        first = content[0] if content else None
        begins = isinstance(first, dict) and first["type"] in {"paragraph", "codeBlock"}
        return content if begins else [_paragraph(()), *content]

    def _tasks_of(self, items: tuple[Item, ...]) -> Json:
        content: list[JsonValue] = []
        named = self._name()
        for item in items:
            first, *rest = item.blocks
            words = first.runs if isinstance(first, Paragraph) else ()
            attrs: Json = {"localId": self._name(), "state": "DONE" if item.done else "TODO"}
            content.append({"type": "taskItem", "attrs": attrs, "content": list(_inline(words))})
            content += [self._tasks_of(block.items) for block in rest if isinstance(block, Listing)]
        return {"type": "taskList", "attrs": {"localId": named}, "content": content}

    def _name(self) -> str:
        self._tasks += 1
        return f"afterword-{self._tasks}"


def _all_tasks(items: Iterable[Item]) -> bool:
    """Whether Jira can have them as tasks, which hold one paragraph and further tasks."""
    for item in items:
        first, *rest = item.blocks
        if item.done is None or not isinstance(first, Paragraph) or len(rest) > 1:
            return False
        if not all(isinstance(one, Listing) and one.start is None and _all_tasks(one.items) for one in rest):
            return False
    return True


def _with_box(item: Item) -> Blocks:
    """A task among what are none says so in words."""
    first, *rest = item.blocks
    if item.done is None or not isinstance(first, Paragraph):
        return item.blocks
    return (Paragraph((Run("[x] " if item.done else "[ ] "), *first.runs)), *rest)


def _paragraph(runs: Runs) -> Json:
    return {"type": "paragraph", "content": list(_inline(runs))}


def _table(rows: tuple[tuple[Runs, ...], ...]) -> Json:
    content: list[JsonValue] = []
    for place, row in enumerate(rows):
        kind = "tableCell" if place else "tableHeader"
        cells: list[JsonValue] = [{"type": kind, "content": [_paragraph(cell)]} for cell in row]
        content.append({"type": "tableRow", "content": cells})
    return {"type": "table", "content": content}


def _inline(runs: Runs) -> Iterator[JsonValue]:
    for run in runs:
        if run == BREAK:
            yield {"type": "hardBreak"}
        elif run.text:
            marks: list[JsonValue] = [{"type": mark.value} for mark in Mark if mark in run.marks]
            if run.href:
                marks.append({"type": "link", "attrs": {"href": run.href}})
            yield {"type": "text", "text": run.text, **({"marks": marks} if marks else {})}


# Coming in


def _nodes(node: object, name: str) -> list[Node]:
    held = node.get(name) if isinstance(node, Mapping) else None
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _attribute(node: Node, name: str) -> str:
    attrs = node.get("attrs")
    value = attrs.get(name) if isinstance(attrs, dict) else None
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _blocks(nodes: Iterable[Node], depth: int) -> list[Block]:
    if depth > DEEPEST:
        return []
    found: list[Block] = []
    loose: list[Run] = []  # inline nodes where blocks belong
    for node in nodes:
        blocks = _block(node, depth)
        if blocks is None:
            loose += _run(node)
            continue
        found += [Paragraph(tuple(loose)), *blocks]
        loose = []
    return [*found, Paragraph(tuple(loose))]


def _block(node: Node, depth: int) -> list[Block] | None:  # noqa: PLR0911 (a table of kinds)
    """None where it is no block."""
    content = _nodes(node, "content")
    match node.get("type"):
        case "paragraph" | "caption" | "decisionItem":
            return [Paragraph(_line(content))]
        case "heading":
            level = _attribute(node, "level")
            return [Heading(int(level) if level.isdigit() else 1, _line(content))]
        case "codeBlock":
            text = "".join(str(one.get("text", "")) for one in content)
            return [Code(text, language(_attribute(node, "language")))]
        case "blockquote" | "panel":
            return [Quote(tuple(_blocks(content, depth + 1)))]
        case "bulletList" | "decisionList":
            return [Listing(tuple(_items(content, depth)))]
        case "orderedList":
            order = _attribute(node, "order")
            return [Listing(tuple(_items(content, depth)), int(order) if order.isdigit() else 1)]
        case "taskList":
            return [Listing(tuple(_tasks(content, depth)))]
        case "table":
            return [Table(tuple(_row(row, depth) for row in content))]
        case "rule":
            return [Rule()]
        case "expand" | "nestedExpand":
            title = Paragraph((Run(_attribute(node, "title"), frozenset({Mark.STRONG})),))
            return [title, *_blocks(content, depth + 1)]
        case "blockCard" | "embedCard" | "media" | "extension":
            return [Paragraph(tuple(_run(node)))]
        case _ if content and not _is_inline(node):
            return _blocks(content, depth + 1)
    return None


def _is_inline(node: Node) -> bool:
    return node.get("type") in {"text", "mention", "emoji", "status", "date", "inlineCard", "inlineExtension"}


def _items(nodes: Iterable[Node], depth: int) -> Iterator[Item]:
    for node in nodes:
        if node.get("type") == "decisionItem":
            yield Item((Paragraph(_line(_nodes(node, "content"))),))
        else:
            yield _item(normal_blocks(_blocks(_nodes(node, "content"), depth + 1)))


def _item(blocks: Blocks) -> Item:
    """One whose words begin with a box is a task, as :func:`_with_box` wrote it."""
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
        content = _nodes(node, "content")
        if node.get("type") == "taskList":
            inner = Listing(tuple(_tasks(content, depth + 1))) if depth < DEEPEST else None
            if items and inner:
                items[-1] = Item((*items[-1].blocks, inner), items[-1].done)
            elif inner:
                items += inner.items
            continue
        blocks = _blocks(content, depth + 1)
        items.append(Item(tuple(blocks), _attribute(node, "state") == "DONE"))
    return items


def _row(row: Node, depth: int) -> tuple[Runs, ...]:
    return tuple(_cell(_blocks(_nodes(cell, "content"), depth + 1)) for cell in _nodes(row, "content"))


def _cell(blocks: Iterable[Block]) -> Runs:
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
            return _cell(blocks)
        case Listing(items):
            return _cell(one for item in items for one in item.blocks)
        case Table(rows):
            return _lines(rows)
        case Rule():
            return ()


def _line(nodes: Iterable[Node]) -> Runs:
    return tuple(run for node in nodes for run in _run(node))


def _run(node: Node) -> Iterator[Run]:
    kind = node.get("type")
    if kind == "text":
        yield _text(node)
    elif kind == "hardBreak":
        yield BREAK
    elif kind in {"inlineCard", "blockCard", "embedCard"}:
        url = _attribute(node, "url")
        yield Run(url, PLAIN, address(url))
    elif kind == "mention":
        name = _attribute(node, "text") or _attribute(node, "id")
        yield Run(name if name.startswith("@") else f"@{name}")
    elif kind == "date":
        yield Run(_date(_attribute(node, "timestamp")))
    elif content := _nodes(node, "content"):
        for one in content:
            yield from _run(one)
    else:
        words = (_attribute(node, name) for name in ("text", "shortName", "alt", "title"))
        yield Run(str(node.get("text") or next((word for word in words if word), "")))


def _text(node: Node) -> Run:
    marks: Marks = PLAIN
    href: str | None = None
    for mark in _nodes(node, "marks"):
        kind = mark.get("type")
        if kind == "link":
            href = address(_attribute(mark, "href"))
        elif isinstance(kind, str) and kind in _MARKS:
            marks |= {_MARKS[kind]}
    return Run(str(node.get("text", "")), marks, href)


def _date(timestamp: str) -> str:
    """Milliseconds since 1970, as a day."""
    try:
        return datetime.fromtimestamp(int(timestamp) / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return timestamp
