"""A tree as Atlassian Document Format can have it: what it does not allow in its place keeps its words."""

from enum import StrEnum

from integrations.text.adf_reader import lines_of
from integrations.text.blocks import (
    BREAK,
    Block,
    Blocks,
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
    normal_blocks,
)


class Place(StrEnum):
    """Where a block stands: what is allowed differs."""

    DOC = "doc"
    QUOTE = "quote"
    ITEM = "item"


def fit(blocks: Blocks, place: Place = Place.DOC) -> Blocks:
    """A normal tree as the format can have it in this place."""
    return normal_blocks(_fitted(blocks, place))


def _fitted(blocks: Blocks, place: Place) -> Blocks:
    return tuple(one for block in blocks for one in _fitting(block, place))


def _fitting(block: Block, place: Place) -> Blocks:
    match block:
        case Heading(_, runs) if place is not Place.DOC:
            return (Paragraph(_bold(runs)),)
        case Quote(inner):
            return (Quote(_fitted(inner, Place.QUOTE)),) if place is Place.DOC else _fitted(inner, place)
        case Listing(items, start):
            kept = tuple(Item(_fitted(item.blocks, Place.ITEM), item.done) for item in items)
            return (Listing(kept, start),)
        case Table(rows) if place is not Place.DOC:
            return (Paragraph(lines_of(rows)),)
        case Rule() if place is not Place.DOC:
            return ()
    return (block,)


def _bold(runs: Runs) -> Runs:
    strong = frozenset({Mark.STRONG})
    return tuple(run if run.is_code or run == BREAK else Run(run.text, run.marks | strong, run.href) for run in runs)
