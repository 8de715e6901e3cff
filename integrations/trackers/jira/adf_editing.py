"""One node with new words: a line, a list, a table. Raises ``CannotKeep`` where something foreign would be lost."""

from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from integrations.text.adf_reader import Node, blocks_of, cell_runs, nodes_in, runs_of
from integrations.text.blocks import (
    Block,
    Blocks,
    Code,
    Heading,
    Item,
    Listing,
    Mark,
    Paragraph,
    Run,
    Runs,
    Table,
    normal_blocks,
    normal_runs,
)
from integrations.text.keeping import CannotKeep, New, Old, StandIn, align, placed, text_of, words_of
from integrations.text.markdown_reader import read
from integrations.text.markdown_writer import write, write_plainly
from integrations.trackers.jira.adf_fit import Place, fit
from integrations.trackers.jira.adf_writer import AdfWriter, Json, all_tasks, inline, with_box

KNOWN = frozenset(
    {"doc", "paragraph", "heading", "codeBlock", "blockquote", "rule", "text", "hardBreak"}
    | {"bulletList", "orderedList", "listItem", "taskList", "taskItem"}
    | {"table", "tableRow", "tableHeader", "tableCell"}
)
"""Nodes that Markdown has a word for; all others are foreign."""
LISTS = frozenset({"bulletList", "orderedList", "taskList", "decisionList"})
_KNOWN_MARKS = frozenset({"strong", "em", "strike", "code", "link"})

NEW_TASK = "afterword-new-"
"""How the id of a task begins until it gets one that is its own in the document."""
_NEW_DECISION: Json = {"type": "decisionItem", "attrs": {"localId": "", "state": "DECIDED"}}

Rewrite = Callable[[Sequence[Node], Blocks], list[JsonValue]]
"""What a list's item holds, with other blocks for its words."""


def holds_foreign(node: object) -> bool:
    """Whether Markdown has no word for something in this node."""
    if not isinstance(node, Mapping):
        return False
    return node.get("type") not in KNOWN or any(map(holds_foreign, nodes_in(node, "content")))


def view_of(node: Node, place: Place) -> Block | None:
    """What our tree sees of a leaf, as it comes back from Markdown."""
    if node["type"] == "title":
        words = text_of([run for one in nodes_in(node, "content") for run in runs_of(one)])
        blocks: Blocks = (Paragraph((Run(words, frozenset({Mark.STRONG})),)),)
    else:
        blocks = tuple(blocks_of([node], 0))
    tree = fit(normal_blocks(blocks), place)
    if write_plainly(tree) is None:
        tree = fit(read(write(tree)), place)
    if len(tree) > 1:
        raise CannotKeep
    return tree[0] if tree else None


def edited(node: Node, block: Block, rewrite: Rewrite) -> Json:
    """The node with the words of the block, which is of the same kind. Raises ``CannotKeep``."""
    kind = node["type"]
    match block:
        case Paragraph(runs) if kind == "title":
            return {**node, "content": [{"type": "text", "text": text_of(runs)}]}
        case Paragraph(runs) if kind in {"paragraph", "caption"}:
            return {**node, "content": _line(node, runs)}
        case Heading(level, runs) if kind == "heading":
            return {**node, "attrs": {**attributes_of(node), "level": level}, "content": _line(node, runs)}
        case Code(text, language) if kind == "codeBlock":
            rest = {name: value for name, value in attributes_of(node).items() if name != "language"}
            attrs = {"attrs": {**rest, **({"language": language} if language else {})}}
            made = {name: value for name, value in node.items() if name != "attrs"}
            return {**made, **(attrs if attrs["attrs"] else {}), "content": _plain(text)}
        case Listing(items, start) if kind in LISTS:
            return _listing(node, items, start, rewrite)
        case Table(rows) if kind == "table":
            return {**node, "content": _rows(node, rows)}
    raise CannotKeep


def _plain(text: str) -> list[JsonValue]:
    return [{"type": "text", "text": text}] if text else []


def attributes_of(node: Node) -> Json:
    attrs = node.get("attrs")
    return dict(attrs) if isinstance(attrs, dict) else {}


def _line(node: Node, runs: Runs) -> list[JsonValue]:
    """Inline nodes: those that Markdown has no word for, and text in colours, where their words stay."""
    at = 0
    stand_ins = []
    line = ""
    for one in nodes_in(node, "content"):
        seen = tuple(runs_of(one))
        marked = any(mark.get("type") not in _KNOWN_MARKS for mark in nodes_in(one, "marks"))
        if one.get("type") not in {"text", "hardBreak"} or marked:
            stand_ins.append(StandIn(at, seen, one, foreign=one.get("type") != "text"))
        line += text_of(seen)
        at = len(line)
    content: list[JsonValue] = []
    for words, kept in placed(line, stand_ins, runs):
        content += inline(words) if kept is None else [dict(kept)]
    return content


def _listing(node: Node, items: tuple[Item, ...], start: int | None, rewrite: Rewrite) -> Json:
    kind = node["type"]
    if (start is None) == (kind == "orderedList"):
        raise CannotKeep
    if kind == "taskList":
        return {**node, "content": _tasks(node, items, rewrite)}
    nodes = nodes_in(node, "content")

    def patch(before: Old[Node], after: New[Item]) -> Node:
        if kind == "decisionList":
            return _edited_decision(before.source, after.source)
        return {**before.source, "content": rewrite(nodes_in(before.source, "content"), with_box(after.source))}

    old = [_old_item(one) for one in nodes]
    new = [New(one, one, "item", words_of(one)) for one in items]
    steps = align(old, new, patch)
    writer = AdfWriter(NEW_TASK)
    content: list[JsonValue] = []
    for step in steps:
        if step.result is not None or step.new is None:
            content.append(dict(step.result or (step.old.source if step.old else {})))
        elif kind == "decisionList":
            content.append(dict(_edited_decision(_NEW_DECISION, step.new.source)))
        else:
            content.append({"type": "listItem", "content": writer.item(step.new.source)})
    attrs = {**attributes_of(node), "order": start} if kind == "orderedList" else None
    changed = attrs is not None and str(start) != str(attributes_of(node).get("order", 1))
    return {**node, **({"attrs": attrs} if changed else {}), "content": content}


def _old_item(node: Node) -> Old[Node]:
    view = view_of(
        {"type": "bulletList" if node["type"] == "listItem" else "decisionList", "content": [dict(node)]}, Place.DOC
    )
    item = view.items[0] if isinstance(view, Listing) else None
    return Old(node, item, "item", words_of(item) if item else "", holds_foreign(node))


def _edited_decision(node: Node, item: Item) -> Node:
    match item:
        case Item((Paragraph(runs),), None):
            return {**node, "content": _line(node, runs)}
    raise CannotKeep


def _tasks(node: Node, items: tuple[Item, ...], rewrite: Rewrite) -> list[JsonValue]:
    """A list within follows the task that it belongs to, and goes with it."""
    groups: list[list[Node]] = []
    for one in nodes_in(node, "content"):
        if one.get("type") == "taskList" and groups:
            groups[-1].append(one)
        else:
            groups.append([one])
    if not all_tasks(items):
        raise CannotKeep
    old = [_old_task(group) for group in groups]
    new = [New(one, one, "task", words_of(one)) for one in items]
    content: list[JsonValue] = []
    for step in align(old, new, lambda before, after: _edited_task(before.source, after.source, rewrite)):
        if step.new is not None and step.result is None:
            content += [
                dict(one) for one in nodes_in(AdfWriter(NEW_TASK).block(Listing((step.new.source,))), "content")
            ]
        else:
            content += [dict(one) for one in step.result or (step.old.source if step.old else [])]
    return content


def _old_task(group: list[Node]) -> Old[list[Node]]:
    view = view_of({"type": "taskList", "content": [dict(one) for one in group]}, Place.DOC)
    item = view.items[0] if isinstance(view, Listing) and len(view.items) == 1 else None
    return Old(group, item, "task", words_of(item) if item else "", any(map(holds_foreign, group)))


def _edited_task(group: list[Node], item: Item, rewrite: Rewrite) -> list[Node]:
    task, *lists = group
    first, *rest = item.blocks
    if item.done is None or not isinstance(first, Paragraph) or len(rest) != len(lists) or task["type"] != "taskItem":
        raise CannotKeep
    state = {**attributes_of(task), "state": "DONE" if item.done else "TODO"}
    made: list[Node] = [{**task, "attrs": state, "content": _line(task, first.runs)}]
    for node, block in zip(lists, rest, strict=True):
        made.append(edited(node, block, rewrite))
    return made


def _rows(node: Node, rows: tuple[tuple[Runs, ...], ...]) -> list[JsonValue]:
    nodes = nodes_in(node, "content")
    view = view_of(node, Place.DOC)
    seen = view.rows if isinstance(view, Table) else ()
    if len(seen) != len(nodes):
        raise CannotKeep
    old = [
        Old(one, row, "row", " ".join(map(text_of, row)), holds_foreign(one))
        for one, row in zip(nodes, seen, strict=True)
    ]
    new = [New(row, row, "row", " ".join(map(text_of, row))) for row in rows]
    written = nodes_in(AdfWriter().block(Table(rows)), "content")
    content: list[JsonValue] = []
    place = 0
    for step in align(old, new, lambda before, after: _edited_row(before.source, after.source)):
        kept = step.result if step.result is not None else step.old.source if step.new is None and step.old else None
        content.append(dict(kept if kept is not None else written[place]))
        place += step.new is not None
    return content


def _edited_row(node: Node, row: tuple[Runs, ...]) -> Node:
    cells = nodes_in(node, "content")
    if len(cells) != len(row):
        raise CannotKeep
    return {**node, "content": [_edited_cell(cell, runs) for cell, runs in zip(cells, row, strict=True)]}


def _edited_cell(cell: Node, runs: Runs) -> JsonValue:
    content = nodes_in(cell, "content")
    now = normal_runs(cell_runs(fit(normal_blocks(blocks_of(content, 0)), Place.ITEM)), one_line=True)
    if now == runs:
        return dict(cell)
    lines = [one for one in content if one.get("type") == "paragraph"]
    if len(lines) == 1 and not any(
        holds_foreign(one) and view_of(one, Place.ITEM) for one in content if one not in lines
    ):
        edited = {**lines[0], "content": _line(lines[0], runs)}
        kept = [one for one in content if one in lines or holds_foreign(one)]
        return {**cell, "content": [edited if one in lines else dict(one) for one in kept]}
    if holds_foreign(cell):
        raise CannotKeep
    return {**cell, "content": [{"type": "paragraph", "content": list(inline(runs))}]}
