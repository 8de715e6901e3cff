"""Rich text as a tree: what Markdown and a vendor's own format have in common, so that each is read and written once.

Lines of a paragraph are divided by :data:`BREAK`. A tree is made normal by :func:`normal_blocks` and
:func:`normal_runs`; only normal trees can be compared.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

LARGEST_NUMBER = 999_999_999
"""What Markdown can begin a numbered list with."""


class Mark(StrEnum):
    STRONG = "strong"
    EM = "em"
    STRIKE = "strike"
    CODE = "code"


Marks = frozenset[Mark]
PLAIN: Marks = frozenset()
CODE: Marks = frozenset({Mark.CODE})


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one look; ``href`` where it is, or is part of, a link."""

    text: str
    marks: Marks = PLAIN
    href: str | None = None

    @property
    def is_code(self) -> bool:
        return Mark.CODE in self.marks


BREAK = Run("\n")
Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    runs: Runs


@dataclass(frozen=True, slots=True)
class Heading:
    """``level`` is 1 to 6."""

    level: int
    runs: Runs


@dataclass(frozen=True, slots=True)
class Code:
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: "Blocks"


@dataclass(frozen=True, slots=True)
class Item:
    """Of a list; ``done`` is None where it is no task."""

    blocks: "Blocks"
    done: bool | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """``start`` is the first number, None a list with bullets."""

    items: tuple[Item, ...]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The first row is the heading; a cell is one line."""

    rows: tuple[tuple[Runs, ...], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    pass


Block = Paragraph | Heading | Code | Quote | Listing | Table | Rule
Blocks = tuple[Block, ...]


def normal_runs(runs: Iterable[Run], *, one_line: bool = False) -> Runs:
    """No blank at a line's ends, no empty line, no empty run, no two alike beside each other, code without other marks
    and, since no markup can say it, no mark that begins or ends with a blank."""
    lines: list[Runs] = []
    line: list[Run] = []
    for run in _broken(runs):
        if run == BREAK:
            lines.append(_normal_line(line))
            line = []
        else:
            line.append(run)
    lines = [one for one in (*lines, _normal_line(line)) if one]
    between = Run(" ") if one_line else BREAK
    joined = [run for place, one in enumerate(lines) for run in ((between, *one) if place else one)]
    return tuple(_merged(joined))


def _broken(runs: Iterable[Run]) -> Iterator[Run]:
    """A line break inside a run is one of its own; inside code it is a blank."""
    for run in runs:
        text = run.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        if run.is_code:
            yield replace(run, text=text.replace("\n", " "), marks=CODE)
            continue
        for place, part in enumerate(text.split("\n")):
            if place:
                yield BREAK
            yield replace(run, text=part)


def _normal_line(line: Sequence[Run]) -> Runs:
    runs = list(_merged(line))
    while True:
        tidy = list(_merged(_trimmed(_unmarked_edges(runs))))
        if tidy == runs:
            return tuple(runs)
        runs = tidy


def _merged(runs: Iterable[Run]) -> Iterator[Run]:
    held: Run | None = None
    for run in runs:
        if not run.text:
            continue
        if held is not None and BREAK not in {held, run} and (held.marks, held.href) == (run.marks, run.href):
            held = replace(held, text=held.text + run.text)
            continue
        if held is not None:
            yield held
        held = run
    if held is not None:
        yield held


def _trimmed(runs: Iterable[Run]) -> list[Run]:
    line = list(runs)
    if line and not line[0].is_code:
        line[0] = replace(line[0], text=line[0].text.lstrip())
    if line and not line[-1].is_code:
        line[-1] = replace(line[-1], text=line[-1].text.rstrip())
    return line


def _unmarked_edges(runs: Sequence[Run]) -> Iterator[Run]:
    """Blanks at the edge of a mark or link that the neighbour does not share lose it."""
    padded = [Run(""), *runs, Run("")]
    for (before, run), (_, after) in pairwise(pairwise(padded)):
        if run.is_code:
            yield run
            continue
        core = run.text.strip()
        if not core:
            yield _shared(run, run.text, before, after)
            continue
        at = run.text.index(core)
        yield _shared(run, run.text[:at], before)
        yield replace(run, text=core)
        yield _shared(run, run.text[at + len(core) :], after)


def _shared(run: Run, blanks: str, *neighbours: Run) -> Run:
    marks = run.marks.intersection(*(one.marks for one in neighbours))
    href = run.href if all(one.href == run.href for one in neighbours) else None
    return Run(blanks, marks, href)


def normal_blocks(blocks: Iterable[Block]) -> Blocks:
    """No empty block, no two quotes beside each other; runs are normal."""
    found: list[Block] = []
    for block in blocks:
        tidy = _normal_block(block)
        if tidy is None:
            continue
        last = found[-1] if found else None
        if isinstance(tidy, Quote) and isinstance(last, Quote):
            found[-1] = Quote(normal_blocks((*last.blocks, *tidy.blocks)))
        else:
            found.append(tidy)
    return tuple(found)


def _normal_block(block: Block) -> Block | None:  # noqa: PLR0911 (a table of kinds)
    match block:
        case Paragraph(runs):
            tidy = normal_runs(runs)
            return Paragraph(tidy) if tidy else None
        case Heading(level, runs):
            tidy = normal_runs(runs, one_line=True)
            return Heading(min(max(level, 1), 6), tidy) if tidy else None
        case Quote(inner):
            blocks = normal_blocks(inner)
            return Quote(blocks) if blocks else None
        case Listing():
            return _normal_listing(block)
        case Table(rows):
            return _normal_table(rows)
        case Code(text, language):
            return Code(text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", ""), language)
        case Rule():
            return block


def _normal_listing(listing: Listing) -> Listing | None:
    items = [Item(normal_blocks(item.blocks), item.done) for item in listing.items]
    kept = tuple(item for item in items if item.blocks)
    start = None if listing.start is None else min(max(listing.start, 0), LARGEST_NUMBER - len(kept))
    return Listing(kept, start) if kept else None


def _normal_table(rows: tuple[tuple[Runs, ...], ...]) -> Table | None:
    width = max((len(row) for row in rows), default=0)
    cells = tuple(tuple(normal_runs(cell, one_line=True) for cell in row) for row in rows)
    full = tuple((*row, *[()] * (width - len(row))) for row in cells)
    return Table(full) if any(cell for row in full for cell in row) else None


def with_runs(blocks: Blocks, change: Callable[[Runs], Runs]) -> Blocks:
    """The same tree with other runs."""

    def changed(block: Block) -> Block:
        match block:
            case Paragraph(runs):
                return Paragraph(change(runs))
            case Heading(level, runs):
                return Heading(level, change(runs))
            case Table(rows):
                return Table(tuple(tuple(change(cell) for cell in row) for row in rows))
        return block

    return tuple(mapped(blocks, changed))


def mapped(blocks: Blocks, change: Callable[[Block], Block]) -> Iterator[Block]:
    """Each block that holds text, also within quotes and lists, as ``change`` makes it."""
    for block in blocks:
        match block:
            case Quote(inner):
                yield Quote(tuple(mapped(inner, change)))
            case Listing(items, start):
                yield Listing(tuple(Item(tuple(mapped(one.blocks, change)), one.done) for one in items), start)
            case _:
                yield change(block)
