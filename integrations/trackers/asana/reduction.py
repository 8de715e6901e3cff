"""Blocks reduced to what an Asana task can hold, and their words in the one way in which they are kept."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from domain.markdown import normal_address
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

JOINT = "\u2060"
"""WORD JOINER: nothing to see, but no address any more."""
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

ASANA_ADDRESS = re.compile(r"(?:https?://)?app\.asana\.com[^\s<>()\[\]\"']*", re.IGNORECASE)
TASK_ADDRESS = re.compile(
    r"https://app\.asana\.com/(?:0/[0-9]+/[0-9]+(?:/f)?|1/[0-9]+/(?:project/[0-9]+/)?task/[0-9]+)/?"
)
_DELIMITER_ROW = re.compile(r"\|(?: *:?-+:? *\|)+")
_PIPE = re.compile(r"(?<!\\)\|")


def tidy_runs(runs: Iterable[Run]) -> Runs:
    """The same words in the one way in which they are kept: blanks outside of marks, like ones joined."""
    merged = joined_runs(_plain_link(run) for run in joined_runs(runs))
    hoisted = joined_runs(piece for run in merged for piece in _hoisted(run))
    settled = list(hoisted)
    for place in range(1, len(settled) - 1):  # blanks between like words belong to them
        before, here, after = settled[place - 1 : place + 2]
        if not here.text.strip(" \t\n") and not here.is_code:
            marks = (before.marks & after.marks) - CODE
            settled[place] = replace(here, marks=marks, href=before.href if before.href == after.href else None)
    return _trimmed(joined_runs(settled))


def joined_runs(runs: Iterable[Run]) -> Runs:
    merged: list[Run] = []
    for run in runs:
        if merged and (merged[-1].marks, merged[-1].href) == (run.marks, run.href):
            merged[-1] = replace(run, text=merged[-1].text + run.text)
        elif run.text:
            merged.append(run)
    return tuple(merged)


def _plain_link(run: Run) -> Run:
    """A link to nowhere in the web, or one that says its own address, is text; code is of one line."""
    text = " ".join(run.text.split("\n")).strip() if run.is_code else run.text
    run = replace(run, text=text)
    if run.href is None:
        return run
    href = _href(run.href)
    if href is None or _pings(href):
        said = f" ({run.href})" if text.strip() != run.href else ""
        return replace(run, text=f"{text}{said}", href=None)
    if text in {href, run.href}:
        return replace(run, text=text, href=None)
    return replace(run, href=href)


def _href(address: str) -> str | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https", "mailto"} or not (parts.netloc or parts.scheme == "mailto"):
        return None
    normal = normal_address(address)
    return normal if normal and "\n" not in normal else None


def _pings(address: str) -> bool:
    return bool(ASANA_ADDRESS.fullmatch(address)) and not TASK_ADDRESS.fullmatch(address)


def _hoisted(run: Run) -> Iterator[Run]:
    if run.is_code or not (run.marks or run.href):
        yield run
        return
    core = run.text.strip(" \t\n")
    if not core:
        yield Run(run.text)
        return
    start = run.text.index(core)
    yield Run(run.text[:start])
    yield replace(run, text=core)
    yield Run(run.text[start + len(core) :])


def _trimmed(runs: Runs) -> Runs:
    """Without blanks at either end, or around a line end, or empty lines."""
    kept: list[Run] = []
    at_start = True
    for run in runs:
        text = run.text
        if not run.is_code:
            text = re.sub(r"(?<![ \t])[ \t]*\n[ \t\n]*", "\n", text)
            text = text.lstrip(" \t\n") if at_start else text
            if kept and kept[-1].text.endswith("\n") and not kept[-1].is_code:
                text = text.lstrip(" \t\n")
        if text.startswith("\n") and kept and not kept[-1].is_code:
            kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(" \t"))
        if text:
            kept.append(replace(run, text=text))
            at_start = False
    while kept and not kept[-1].is_code and not kept[-1].text.rstrip(" \t\n"):
        kept.pop()
    if kept and not kept[-1].is_code:
        kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(" \t\n"))
    return joined_runs(run for run in kept if run.text)


def _one_line(runs: Runs) -> Runs:
    return tidy_runs(run if run.is_code else replace(run, text=run.text.replace("\n", " ")) for run in runs)


def _lines(runs: Runs) -> list[Runs]:
    lines: list[list[Run]] = [[]]
    for run in runs:
        first, *rest = [run.text] if run.is_code else run.text.split("\n")
        lines[-1].append(replace(run, text=first))
        lines += [[replace(run, text=one)] for one in rest]
    return [joined_runs(line) for line in lines]


def _joined(parts: Iterable[Runs], between: str) -> Runs:
    joined: list[Run] = []
    for part in parts:
        if joined and part:
            joined.append(Run(between))
        joined += part
    return tuple(joined)


def _said(runs: Runs) -> str:
    return "".join(run.text for run in runs)


def reduced_blocks(blocks: Iterable[Block]) -> tuple[Block, ...]:
    reduced: list[Block] = []
    for block in blocks:
        for one in _reduction(block):
            last = reduced[-1] if reduced else None
            if isinstance(one, Listing) and isinstance(last, Listing) and one.start == last.start:
                reduced[-1] = Listing(last.items + one.items, one.start)
            else:
                reduced.append(one)
    return tuple(reduced)


def _reduction(block: Block) -> Iterator[Block]:
    match block:
        case Paragraph(runs):
            if tidied := tidy_runs(runs):
                yield _table_of(tidied) or Paragraph(tidied)
        case Heading(level, runs):
            if line := _one_line(runs):
                bold = tidy_runs(replace(run, marks=run.marks | {Mark.STRONG}) for run in line)
                yield Heading(level, line) if level <= 2 else Paragraph(bold)
        case Code(text):
            if text.strip("\n"):
                yield Code(text.strip("\n"))
        case Table(rows):
            yield _even(rows)
        case Quote(blocks):
            if paragraphs := tuple(Paragraph(runs) for runs in _flat(blocks) if runs):
                yield Quote(paragraphs)
        case Listing(items, start):
            if kept := tuple(one for item in items for one in _reduced_item(item)):
                yield Listing(kept, None if start is None else 1)
        case Rule():
            yield block


def _reduced_item(item: Item) -> Iterator[Item]:
    lists = reduced_blocks(block for block in item.blocks if isinstance(block, Listing))
    words = tidy_runs(_joined(_flat(block for block in item.blocks if not isinstance(block, Listing)), "\n"))
    if words:
        yield Item((Paragraph(words), *lists))
    else:
        yield from (inner for one in lists if isinstance(one, Listing) for inner in one.items)


def _flat(blocks: Iterable[Block], bullet: str = "") -> Iterator[Runs]:
    """Everything as paragraphs of text."""
    for block in blocks:
        match block:
            case Paragraph(runs) | Heading(_, runs):
                yield tidy_runs((Run(bullet), *runs))
            case Code(text):
                yield tidy_runs(_joined(((Run(line, CODE),) for line in text.split("\n")), "\n"))
            case Table(rows):
                yield tidy_runs(_joined((_joined(row, " | ") for row in rows), "\n"))
            case Quote(inner):
                yield from _flat(inner)
            case Listing(items):
                for item in items:
                    yield from _flat(item.blocks, "• ")
            case Rule():
                pass


def _even(rows: Sequence[Sequence[Runs]]) -> Table:
    width = max(len(rows[0]), 1)
    cells = [[_one_line(cell) for cell in row[:width]] for row in rows]
    unescaped = [[tuple(replace(run, text=_bare(run.text)) for run in cell) for cell in row] for row in cells]
    return Table(tuple((*row, *(((),) * (width - len(row)))) for row in map(tuple, unescaped)))


def _bare(text: str) -> str:
    while "\\|" in text:
        text = text.replace("\\|", "|")
    return text


def _table_of(runs: Runs) -> Table | None:
    """The table that these lines are, as :func:`table_lines` writes one."""
    lines = _lines(runs)
    if len(lines) < 2 or not _DELIMITER_ROW.fullmatch(_said(lines[1])):
        return None
    rows = [_cells(line) for place, line in enumerate(lines) if place != 1]
    if any(row is None for row in rows):
        return None
    return _even([row for row in rows if row])


def _cells(line: Runs) -> list[Runs] | None:
    said = _said(line)
    if not (said.startswith("|") and said.endswith("|") and not said.endswith("\\|") and len(said) > 1):
        return None
    if line[0].is_code or line[-1].is_code:
        return None
    cells: list[list[Run]] = [[]]
    for run in line:
        first, *rest = [run.text] if run.is_code else _PIPE.split(run.text)
        cells[-1].append(replace(run, text=first))
        cells += [[replace(run, text=one)] for one in rest]
    return [tuple(cell) for cell in cells[1:-1]]


def table_lines(table: Table) -> Runs:
    lines: list[Runs] = []
    for row in table.rows:
        cells = [tuple(replace(run, text=run.text.replace("|", "\\|")) for run in cell) for cell in row]
        lines.append((*(run for cell in cells for run in (Run("| "), *cell, Run(" "))), Run("|")))
    lines.insert(1, (Run("| --- " * len(table.rows[0]) + "|"),))
    return joined_runs(_joined(lines, "\n"))


def groups(runs: Runs) -> Iterator[tuple[Mark | str | None, Runs]]:
    """Neighbours by what they have in common: an address, else the mark that reaches farthest, else nothing."""
    place = 0
    while place < len(runs):
        run = runs[place]
        looks: list[Mark | str] = [run.href] if run.href else [*sorted(run.marks - CODE)]
        reaches = [(_reach(runs, place, look), look) for look in looks]
        end, best = max(reaches, key=lambda one: one[0]) if reaches else (place + 1, None)
        yield best, runs[place:end]
        place = end


def _reach(runs: Runs, place: int, look: Mark | str) -> int:
    end = place
    while end < len(runs) and (look in runs[end].marks or look == runs[end].href):
        end += 1
    return end


def without(group: Runs, look: Mark | str) -> Runs:
    return tuple(
        replace(run, href=None) if run.href == look else replace(run, marks=run.marks - {look}) for run in group
    )
