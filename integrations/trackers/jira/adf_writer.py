"""A tree as nodes of Atlassian Document Format."""

from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from integrations.text.blocks import (
    BREAK,
    Block,
    Blocks,
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

Json = dict[str, JsonValue]


class AdfWriter:
    """Of a tree that fits. Tasks need an id that is theirs alone in the document."""

    def __init__(self, prefix: str = "afterword-") -> None:
        self._prefix = prefix
        self._tasks = 0

    def blocks(self, blocks: Blocks, *, in_quote: bool = False) -> list[JsonValue]:
        return [self.block(block, in_quote=in_quote) for block in blocks]

    def block(self, block: Block, *, in_quote: bool = False) -> Json:  # noqa: PLR0911 (a table of kinds)
        match block:
            case Paragraph(runs):
                return paragraph(runs)
            case Heading(level, runs):
                return {"type": "heading", "attrs": {"level": level}, "content": list(inline(runs))}
            case Code(text, info):
                node: Json = {"type": "codeBlock", "content": [{"type": "text", "text": text}] if text else []}
                return {**node, "attrs": {"language": info}} if info else node
            case Quote(inner):
                return {"type": "blockquote", "content": self.blocks(inner, in_quote=True)}
            case Listing(items, None) if not in_quote and all_tasks(items):
                return self._tasks_of(items)
            case Listing(items, start):
                content: list[JsonValue] = [{"type": "listItem", "content": self.item(item)} for item in items]
                if start is None:
                    return {"type": "bulletList", "content": content}
                return {"type": "orderedList", "attrs": {"order": start}, "content": content}
            case Table(rows):
                return _table(rows)
            case Rule():
                return {"type": "rule"}

    def item(self, item: Item) -> list[JsonValue]:
        """It begins with a paragraph, or code, in every version of Jira's editor."""
        content = self.blocks(with_box(item))
        first = content[0] if content else None
        begins = isinstance(first, dict) and first["type"] in {"paragraph", "codeBlock"}
        return content if begins else [paragraph(()), *content]

    def _tasks_of(self, items: tuple[Item, ...]) -> Json:
        content: list[JsonValue] = []
        named = self._name()
        for item in items:
            first, *rest = item.blocks
            words = first.runs if isinstance(first, Paragraph) else ()
            attrs: Json = {"localId": self._name(), "state": "DONE" if item.done else "TODO"}
            content.append({"type": "taskItem", "attrs": attrs, "content": list(inline(words))})
            content += [self._tasks_of(block.items) for block in rest if isinstance(block, Listing)]
        return {"type": "taskList", "attrs": {"localId": named}, "content": content}

    def _name(self) -> str:
        self._tasks += 1
        return f"{self._prefix}{self._tasks}"


def all_tasks(items: Iterable[Item]) -> bool:
    """Whether Jira can have them as tasks, which hold one paragraph and further tasks."""
    for item in items:
        first, *rest = item.blocks
        if item.done is None or not isinstance(first, Paragraph) or len(rest) > 1:
            return False
        if not all(isinstance(one, Listing) and one.start is None and all_tasks(one.items) for one in rest):
            return False
    return True


def with_box(item: Item) -> Blocks:
    """A task among what are none says so in words."""
    first, *rest = item.blocks
    if item.done is None or not isinstance(first, Paragraph):
        return item.blocks
    return (Paragraph((Run("[x] " if item.done else "[ ] "), *first.runs)), *rest)


def paragraph(runs: Runs) -> Json:
    return {"type": "paragraph", "content": list(inline(runs))}


def _table(rows: tuple[tuple[Runs, ...], ...]) -> Json:
    content: list[JsonValue] = []
    for place, row in enumerate(rows):
        kind = "tableCell" if place else "tableHeader"
        cells: list[JsonValue] = [{"type": kind, "content": [paragraph(cell)]} for cell in row]
        content.append({"type": "tableRow", "content": cells})
    return {"type": "table", "content": content}


def inline(runs: Runs) -> Iterator[JsonValue]:
    for run in runs:
        if run == BREAK:
            yield {"type": "hardBreak"}
        elif run.text:
            marks: list[JsonValue] = [{"type": mark.value} for mark in Mark if mark in run.marks]
            if run.href:
                marks.append({"type": "link", "attrs": {"href": run.href}})
            yield {"type": "text", "text": run.text, **({"marks": marks} if marks else {})}
