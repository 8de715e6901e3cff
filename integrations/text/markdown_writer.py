"""A tree as Markdown (CommonMark with tables, strikethrough and task lists).

Writing tries the plainest words first and reads each back: what does not come back as it was gets more escapes. So a
text without markup stays as it is, ``snake_case`` and all.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from integrations.text.blocks import (
    BREAK,
    CODE,
    PLAIN,
    Block,
    Blocks,
    Code,
    Heading,
    Listing,
    Mark,
    Marks,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)
from integrations.text.markdown_reader import read, read_line

Escape = Callable[[str], str]


def write(blocks: Blocks) -> str:
    """The Markdown of a normal tree. Reading it gives the tree again, but for what Markdown cannot say."""
    plain = write_plainly(blocks)
    return _Writer(checks=True).blocks(blocks) if plain is None else plain


def write_plainly(blocks: Blocks) -> str | None:
    """The same without any escape, None where that would be read as something else."""
    plain = _Writer(checks=False).blocks(blocks)
    return plain if read(plain) == blocks else None


class _Writer:
    """With ``checks``, each paragraph is read back, and written with more escapes until it is the same."""

    def __init__(self, *, checks: bool) -> None:
        self._checks = checks

    def blocks(self, blocks: Blocks, *, in_item: bool = False) -> str:
        parts: list[str] = []
        last: Block | None = None
        other = False
        for block in blocks:
            other = _are_alike(block, last) and not other
            if last is not None:
                tight = in_item and isinstance(last, Paragraph) and _may_interrupt(block)
                parts.append("\n" if tight else "\n\n")
            parts.append(self._block(block, other=other))
            last = block
        return "".join(parts)

    def _block(self, block: Block, *, other: bool) -> str:  # noqa: PLR0911 (a table of kinds)
        """``other``: with the other bullet, since a list of the same kind stands before it."""
        match block:
            case Paragraph():
                return self._prose(block, "")
            case Heading(level):
                return self._prose(block, "#" * level + " ")
            case Code(text, info):
                fence = "`" * max(3, max(_ticks(text), default=0) + 1)
                return f"{fence}{info}\n{text}\n{fence}" if text else f"{fence}{info}\n{fence}"
            case Quote(blocks):
                lines = self.blocks(blocks).split("\n")
                return "\n".join(f"> {line}" if line else ">" for line in lines)
            case Listing():
                return "\n".join(self._item(block, place, other=other) for place in range(len(block.items)))
            case Table(rows):
                head, *body = ["| " + " | ".join(self._cell(cell) for cell in row) + " |" for row in rows]
                return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])
            case Rule():
                return "---"

    def _item(self, listing: Listing, place: int, *, other: bool) -> str:
        item = listing.items[place]
        if listing.start is None:
            bullet = "* " if other else "- "
        else:
            bullet = f"{listing.start + place}{')' if other else '.'} "
        text = self.blocks(item.blocks, in_item=True)
        if item.done is not None:
            text = f"[{'x' if item.done else ' '}] {text}"
        first, *rest = text.split("\n")
        return "\n".join([f"{bullet}{first}", *(f"{' ' * len(bullet)}{line}" if line else "" for line in rest)])

    def _prose(self, block: Paragraph | Heading, prefix: str) -> str:
        text = ""
        for text in _attempts(block.runs):
            if not self._checks or read(prefix + text) == (block,):
                break
        return prefix + text

    def _cell(self, runs: Runs) -> str:
        """A cell's line: nothing in it begins a block, and the bar is escaped also in code."""
        text = ""
        for text in _attempts(runs):
            if not self._checks or read_line(text) == runs:
                break
        return text.replace("|", "\\|")


def _are_alike(block: Block, last: Block | None) -> bool:
    if not isinstance(block, Listing) or not isinstance(last, Listing):
        return False
    return (block.start is None) == (last.start is None)


def _may_interrupt(block: Block) -> bool:
    return isinstance(block, Listing) and block.start in {None, 1}


def _ticks(text: str) -> set[int]:
    return {len(found) for found in re.findall("`+", text)}


def _attempts(runs: Runs) -> Iterator[str]:
    """From the plainest; the last says nothing but the words."""
    for escape in (_as_it_is, _where_needed, _everywhere):
        for em in "*_":
            yield _line(runs, escape, em, automatic=escape is not _everywhere)
    yield _line(tuple(Run(run.text, run.marks & CODE) for run in runs), _everywhere, "*", automatic=False)


def _as_it_is(text: str) -> str:
    return text


_NEEDED = re.compile(
    r"""[`*\[\]<~]|\\(?=[!-/:-@\[-`{-~]|$)|&(?=\#?\w+;)|(?<!\w)_|_(?!\w)|!$
        |^\ *(?:[-+=>|:]|\#|\d+(?=[.)])) """,
    re.VERBOSE | re.MULTILINE,
)


def _where_needed(text: str) -> str:
    def escaped(found: re.Match[str]) -> str:
        sign = found[0]
        return f"{sign}\\" if sign[-1].isdigit() else f"{sign[:-1]}\\{sign[-1]}"

    return _NEEDED.sub(escaped, text)


def _everywhere(text: str) -> str:
    return re.sub(r"[!-/:-@\[-`{-~]", r"\\\g<0>", text)


_DELIMITERS = {Mark.STRONG: "**", Mark.STRIKE: "~~"}
_ORDER = (Mark.STRIKE, Mark.STRONG, Mark.EM)


def _line(runs: Runs, escape: Escape, em: str, *, automatic: bool) -> str:
    """Runs with their marks; a link stands within the marks that all of it has."""
    pieces: list[tuple[str, Marks]] = []
    for href, group in groupby(runs, key=lambda run: run.href):
        part = tuple(group)
        if href is None:
            pieces += [(_word(run, escape), run.marks - CODE) for run in part]
            continue
        shared = frozenset.intersection(*(run.marks for run in part)) - CODE
        inner = [(_word(run, escape), run.marks - CODE - shared) for run in part]
        pieces.append((_link(part, _marked(inner, em), href, automatic=automatic), shared))
    return _marked(pieces, em)


def _word(run: Run, escape: Escape) -> str:
    if not run.is_code:
        return run.text if run == BREAK else escape(run.text)
    used = _ticks(run.text)
    fence = "`" * next(length for length in range(1, len(used) + 2) if length not in used)
    blank = run.text.strip(" ") and run.text[0] == run.text[-1] == " "
    pad = " " if blank or run.text.startswith("`") or run.text.endswith("`") else ""
    return f"{fence}{pad}{run.text}{pad}{fence}"


def _link(runs: Runs, text: str, href: str, *, automatic: bool) -> str:
    words = "".join(run.text for run in runs)
    if automatic and words == href and not any(run.marks for run in runs) and not href.lower().startswith("mailto:"):
        return f"<{href}>"
    target = re.sub(r"&(?=#?\w+;)", r"\\&", href)
    return f"[{text}]({target})" if _is_balanced(href) else f"[{text}](<{target}>)"


def _is_balanced(href: str) -> bool:
    """Whether its brackets are, so that a link's own are told from them."""
    depth = 0
    for sign in href:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0


def _marked(pieces: Sequence[tuple[str, Marks]], em: str) -> str:
    """Marks open as late and close as early as they may; the one that lasts longest opens first."""
    delimiters = {**_DELIMITERS, Mark.EM: em}
    said: list[str] = []
    opened: list[Mark] = []
    for place, (text, marks) in enumerate([*pieces, ("", PLAIN)]):
        kept = next((depth for depth, mark in enumerate(opened) if mark not in marks), len(opened))
        said += [delimiters[mark] for mark in reversed(opened[kept:])]
        del opened[kept:]
        for mark in sorted(marks - set(opened), key=lambda one: (-_lasts(pieces, place, one), _ORDER.index(one))):
            said.append(delimiters[mark])
            opened.append(mark)
        said.append(text)
    return "".join(said)


def _lasts(pieces: Sequence[tuple[str, Marks]], place: int, mark: Mark) -> int:
    ends = (at for at in range(place, len(pieces)) if mark not in pieces[at][1])
    return next(ends, len(pieces)) - place
