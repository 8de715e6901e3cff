"""Markdown (CommonMark with tables, strikethrough and task lists) as a tree, and a tree as Markdown.

Writing tries the plainest words first and reads each back: what does not come back as it was gets more escapes. So a
text without markup stays as it is, ``snake_case`` and all.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.token import Token

from integrations.text.blocks import (
    BREAK,
    CODE,
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
    normal_runs,
)

Escape = Callable[[str], str]

_PARSER = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable(["table", "strikethrough"])
BOXES = {"[ ] ": False, "[x] ": True, "[X] ": True}
_MARKS = {"strong": Mark.STRONG, "em": Mark.EM, "s": Mark.STRIKE}
_SAFE = re.compile(r"(?:https?://|mailto:)[!-;=?-~]+", re.I)
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")


def address(href: str) -> str | None:
    """``href`` as Markdown keeps it, None where it is no whole address that is safe to follow."""
    try:
        normal = _PARSER.normalizeLink(href.strip())
    except ValueError:
        return None
    return normal if _SAFE.fullmatch(normal) else None


def language(info: str) -> str:
    """The language of a code block, or nothing."""
    word = next(iter(info.split()), "")
    return word if _LANGUAGE.fullmatch(word) else ""


# Reading


def read(markdown: str) -> Blocks:
    """The tree of a text; markup that it does not know stays text."""
    tokens = _PARSER.parse(markdown.replace("\0", ""))
    return normal_blocks(_Reader(tokens).blocks())


class _Reader:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def blocks(self, end: str | None = None) -> list[Block]:
        """Up to the token ``end``, which is passed over."""
        found: list[Block] = []
        while self._at < len(self._tokens):
            token = self._next()
            if token.type == end:
                break
            found += self._block(token)
        return found

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _block(self, token: Token) -> list[Block]:  # noqa: PLR0911 (a table of kinds)
        match token.type:
            case "paragraph_open":
                return [Paragraph(self._line("paragraph_close"))]
            case "heading_open":
                return [Heading(int(token.tag[1]), self._line("heading_close"))]
            case "fence" | "code_block":
                return [Code(token.content.removesuffix("\n"), language(token.info))]
            case "blockquote_open":
                return [Quote(tuple(self.blocks("blockquote_close")))]
            case "bullet_list_open":
                return [Listing(tuple(self._items("bullet_list_close")))]
            case "ordered_list_open":
                start = int(token.attrs.get("start", 1))
                return [Listing(tuple(self._items("ordered_list_close")), start)]
            case "table_open":
                return [Table(tuple(self._rows()))]
            case "hr":
                return [Rule()]
        return []

    def _line(self, end: str) -> Runs:
        runs: list[Run] = []
        while (token := self._next()).type != end:
            runs += _runs(token.children or ())
        return tuple(runs)

    def _items(self, end: str) -> Iterator[Item]:
        while self._next().type != end:
            done = self._task()
            blocks = self.blocks("list_item_close")
            yield Item(tuple(blocks) if done is None else _without_box(blocks), done)

    def _task(self) -> bool | None:
        """Whether the item that begins here is a task; by the source, where an escaped box is none."""
        first, text = self._tokens[self._at], self._tokens[self._at + 1 : self._at + 2]
        if first.type != "paragraph_open" or not text:
            return None
        return BOXES.get(text[0].content[:4])

    def _rows(self) -> Iterator[tuple[Runs, ...]]:
        row: list[Runs] = []
        while (token := self._next()).type != "table_close":
            if token.type == "tr_open":
                row = []
            elif token.type == "inline":
                row.append(tuple(_runs(token.children or ())))
            elif token.type == "tr_close":
                yield tuple(row)


def _without_box(blocks: Sequence[Block]) -> Blocks:
    first, *rest = blocks
    if isinstance(first, Paragraph) and first.runs:
        run = first.runs[0]
        first = Paragraph((Run(run.text[4:], run.marks, run.href), *first.runs[1:]))
    return (first, *rest)


def _runs(children: Sequence[Token]) -> Iterator[Run]:
    marks: list[Mark] = []
    href: str | None = None
    for token in children:
        match token.type:
            case "text" | "text_special" | "html_inline":
                yield Run(token.content, frozenset(marks), href)
            case "code_inline":
                yield Run(token.content, CODE, href)
            case "softbreak" | "hardbreak":
                yield BREAK
            case "link_open":
                href = address(str(token.attrs.get("href", "")))
            case "link_close":
                href = None
            case "image":
                source = str(token.attrs.get("src", ""))
                yield Run(token.content or source, frozenset(marks), href or address(source))
            case _ if token.tag in _MARKS and token.nesting == 1:
                marks.append(_MARKS[token.tag])
            case _ if token.tag in _MARKS:
                marks.remove(_MARKS[token.tag])


# Writing


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
            if not self._checks or _read_line(text) == runs:
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


def _read_line(text: str) -> Runs:
    (line,) = _PARSER.parseInline(text)
    return normal_runs(_runs(line.children or ()), one_line=True)


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
