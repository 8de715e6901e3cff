"""A document with new words in which every node that is not touched stays as it is.

Panels, expands, columns and what else holds blocks are wrappers: their leaves are aligned with the blocks of the new
text, and stay in their wrapper. A leaf is a paragraph, a list, a table, or what Markdown has no word for: a picture, a
macro. Lists and tables are aligned item by item and row by row; a line keeps its mentions, dates and colours where
their words stay. What is foreign is never lost: see ``CannotKeep``. Attributes and marks that Markdown cannot say
(colours, widths, ids) stay with their text, and go with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from pydantic import JsonValue

from integrations.text.adf_reader import DEEPEST, Node, is_inline, nodes_in, runs_of
from integrations.text.blocks import Block, Blocks, Quote
from integrations.text.keeping import CannotKeep, New, Old, Step, align, text_of, words_of
from integrations.trackers.jira.adf_editing import (
    KNOWN,
    LISTS,
    NEW_TASK,
    attributes_of,
    edited,
    holds_foreign,
    view_of,
)
from integrations.trackers.jira.adf_fit import Place
from integrations.trackers.jira.adf_writer import AdfWriter, Json

_LINES = frozenset({"paragraph", "heading", "taskItem", "decisionItem", "caption", "title"})
_ATOMS = frozenset({"codeBlock", "rule", "media", "blockCard", "embedCard", "extension"})
_HOLDERS = frozenset({"panel", "blockquote", "expand", "nestedExpand", "layoutColumn", "bodiedExtension"})
_QUOTES = frozenset({"panel", "blockquote"})


def patched(document: Mapping[str, JsonValue], wanted: Blocks) -> Json:
    """The document with these blocks for its words. Raises ``CannotKeep``."""
    made = {**document, "content": _contents(nodes_in(document, "content"), wanted, Place.DOC)}
    taken = set(_names_in(made))
    free = (name for number in count(1) if (name := f"afterword-{number}") not in taken)
    _name_new(made, free)
    return made


def _names_in(node: object) -> Iterator[str]:
    for one in nodes_in(node, "content"):
        yield str(attributes_of(one).get("localId"))
        yield from _names_in(one)


def _name_new(node: object, free: Iterator[str]) -> None:
    """Tasks that are new get ids that no other task has."""
    for one in nodes_in(node, "content"):
        attrs = one.get("attrs")
        if isinstance(attrs, dict) and str(attrs.get("localId")).startswith(NEW_TASK):
            attrs["localId"] = next(free)
        _name_new(one, free)


@dataclass(frozen=True, slots=True, eq=False)
class _Wrapper:
    node: Node

    @property
    def is_quote(self) -> bool:
        return self.node.get("type") in _QUOTES

    @property
    def holds_blocks(self) -> bool:
        return self.node.get("type") in _HOLDERS

    @property
    def is_foreign(self) -> bool:
        return self.node.get("type") not in KNOWN


_Path = tuple[_Wrapper, ...]


@dataclass(frozen=True, slots=True)
class _Leaf:
    node: Json
    path: _Path = ()


def _contents(nodes: Sequence[Node], wanted: Blocks, place: Place) -> list[JsonValue]:
    """Nodes of a document, a list's item or a cell, with these blocks for their words."""
    old = [_old(leaf, place) for leaf in _leaves(nodes, (), place, 0)]
    new = list(_units(wanted))
    steps = align(old, new, _patch)
    wrappers = {id(one) for leaf in old for one in leaf.source.path if one.is_foreign}
    placed_leaves = list(_located(steps))
    for leaf in placed_leaves:
        wrappers -= {id(one) for one in leaf.path}
    if wrappers:
        raise CannotKeep  # a panel of which nothing is left
    return _nested(placed_leaves, 0)


# Old and new, side by side


def _leaves(nodes: Sequence[Node], path: _Path, place: Place, depth: int) -> Iterator[_Leaf]:
    if depth > DEEPEST:
        raise CannotKeep
    for node in nodes:
        kind, content = node.get("type"), nodes_in(node, "content")
        leaf = kind in _LINES | LISTS | _ATOMS or kind == "table" or is_inline(node) or not content
        if leaf:
            yield _Leaf(dict(node), path)
            continue
        inside = (*path, _Wrapper(node))
        if kind in {"expand", "nestedExpand"}:
            title = attributes_of(node).get("title") or ""
            yield _Leaf({"type": "title", "content": [{"type": "text", "text": title}] if title else []}, inside)
        yield from _leaves(content, inside, place, depth + 1)


def _old(leaf: _Leaf, place: Place) -> Old[_Leaf]:
    quoted = place is Place.DOC and any(one.is_quote for one in leaf.path)
    block = view_of(leaf.node, Place.QUOTE if quoted else place)
    foreign = holds_foreign(leaf.node)
    if block is None:
        return Old(leaf, None, foreign=foreign)
    return Old(leaf, (quoted, block), _kind(block, quoted=quoted), words_of(block), foreign)


def _units(wanted: Blocks) -> Iterator[New[Block]]:
    for block in wanted:
        quoted = isinstance(block, Quote)
        for one in block.blocks if isinstance(block, Quote) else (block,):
            yield New(one, (quoted, one), _kind(one, quoted=quoted), words_of(one))


def _kind(block: Block, *, quoted: bool) -> str:
    return f"{type(block).__name__} {'quoted' if quoted else ''}"


# What was edited


def _patch(old: Old[_Leaf], new: New[Block]) -> _Leaf:
    return replace(old.source, node=edited(old.source.node, new.source, _item_contents))


def _item_contents(nodes: Sequence[Node], wanted: Blocks) -> list[JsonValue]:
    return _contents(nodes, wanted, Place.ITEM)


# Back into wrappers


def _located(steps: Sequence[Step[_Leaf, Block]]) -> Iterator[_Leaf]:
    """Each leaf in its wrapper; what is new stands in the wrappers that its neighbours share."""
    writer = AdfWriter(NEW_TASK)
    before: _Path = ()
    made: dict[int, _Wrapper] = {}
    for place, step in enumerate(steps):
        if step.old is not None:
            before = step.old.source.path
            yield step.result if step.result is not None else step.old.source
            made.clear()
            continue
        if step.new is None:
            continue
        following = next((one.old.source.path for one in steps[place:] if one.old is not None), ())
        quoted = isinstance(step.new.view, tuple) and bool(step.new.view[0])
        path = _between(before, following, quoted=quoted)
        if quoted and not any(one.is_quote for one in path):
            path = (*path, made.setdefault(len(path), _Wrapper({"type": "blockquote"})))
        elif not quoted:
            made.clear()
        yield _Leaf(writer.block(step.new.source, in_quote=quoted), path)


def _between(before: _Path, following: _Path, *, quoted: bool) -> _Path:
    if quoted:
        for path in (before, following):
            if any(one.is_quote for one in path):
                return path[: max(place for place, one in enumerate(path) if one.is_quote) + 1]
    shared = 0
    for one, other in zip(before, following, strict=False):
        if one is not other or one.is_quote:
            break
        shared += 1
    while shared and not before[shared - 1].holds_blocks:  # between two columns: at the end of the first
        if len(before) > shared and before[shared].holds_blocks and not before[shared].is_quote:
            return before[: shared + 1]
        shared -= 1
    return before[:shared]


def _nested(leaves: Sequence[_Leaf], depth: int) -> list[JsonValue]:
    """Leaves that stand beside each other in one wrapper, within it. Raises ``CannotKeep`` where one would be two."""
    content: list[JsonValue] = []
    seen: set[int] = set()
    place = 0
    while place < len(leaves):
        leaf = leaves[place]
        if len(leaf.path) == depth:
            content.append(leaf.node)
            place += 1
            continue
        wrapper = leaf.path[depth]
        end = place
        while end < len(leaves) and len(leaves[end].path) > depth and leaves[end].path[depth] is wrapper:
            end += 1
        if id(wrapper) in seen and wrapper.is_foreign:
            raise CannotKeep
        seen.add(id(wrapper))
        content.append(_wrapped(wrapper.node, leaves[place:end], depth + 1))
        place = end
    return content


def _wrapped(node: Node, leaves: Sequence[_Leaf], depth: int) -> JsonValue:
    titles = [leaf for leaf in leaves if leaf.node["type"] == "title" and len(leaf.path) == depth]
    inside = _nested([leaf for leaf in leaves if leaf not in titles], depth)
    made = {**node, "content": inside}
    if titles:
        title = text_of([run for one in nodes_in(titles[0].node, "content") for run in runs_of(one)])
        if title != (attributes_of(node).get("title") or ""):
            made["attrs"] = {**attributes_of(node), "title": title}
        if not inside:
            raise CannotKeep
    elif node.get("type") in {"expand", "nestedExpand"}:
        raise CannotKeep
    return made
