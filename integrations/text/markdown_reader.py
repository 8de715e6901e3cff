"""Markdown (CommonMark with tables, strikethrough and task lists) as a tree.

A vendor whose format reads a link, a picture or a line break in its own way overrides that method of
:class:`BlockReader`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from domain.markdown import BOXES, Token, normal_address, parser
from integrations.text.blocks import (
    BREAK,
    CODE,
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

_PARSER = parser(deepest=100)
_MARKS = {"strong": Mark.STRONG, "em": Mark.EM, "s": Mark.STRIKE}
_SAFE = re.compile(r"(?:https?://|mailto:)[!-;=?-~]+", re.I)
_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")


def address(href: str) -> str | None:
    """``href`` as Markdown keeps it, None where it is no whole address that is safe to follow."""
    normal = normal_address(href.strip())
    return normal if normal and _SAFE.fullmatch(normal) else None


def language(info: str) -> str:
    """The language of a code block, or nothing."""
    word = next(iter(info.split()), "")
    return word if _LANGUAGE.fullmatch(word) else ""


def read(markdown: str) -> Blocks:
    """The tree of a text; markup that it does not know stays text."""
    tokens = _PARSER.parse(markdown.replace("\0", ""))
    return normal_blocks(BlockReader(tokens).blocks())


class BlockReader:
    """Reads a parser's tokens. What it makes is not normal yet: see :func:`normal_blocks`."""

    reads_tasks: ClassVar[bool] = True
    """Whether a box at the beginning of a list's item makes it a task; else the box is text."""

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
            runs += self.runs(token.children or ())
        return tuple(runs)

    def _items(self, end: str) -> Iterator[Item]:
        while self._next().type != end:
            done = self._task()
            blocks = self.blocks("list_item_close")
            yield Item(tuple(blocks) if done is None else _without_box(blocks), done)

    def _task(self) -> bool | None:
        """Whether the item that begins here is a task; by the source, where an escaped box is none."""
        first, text = self._tokens[self._at], self._tokens[self._at + 1 : self._at + 2]
        if not self.reads_tasks or first.type != "paragraph_open" or not text:
            return None
        return BOXES.get(text[0].content[:4])

    def _rows(self) -> Iterator[tuple[Runs, ...]]:
        row: list[Runs] = []
        while (token := self._next()).type != "table_close":
            if token.type == "tr_open":
                row = []
            elif token.type == "inline":
                row.append(tuple(self.runs(token.children or ())))
            elif token.type == "tr_close":
                yield tuple(row)

    def runs(self, children: Sequence[Token]) -> Iterator[Run]:
        """The words of one line of tokens, each with its marks and where it leads."""
        marks: list[Mark] = []
        href: str | None = None
        for token in children:
            look = frozenset(marks)
            match token.type:
                case "text" | "text_special" | "html_inline":
                    yield Run(token.content, look, href)
                case "code_inline":
                    yield self.code(token, look, href)
                case "softbreak" | "hardbreak":
                    yield self.line_break(look, href)
                case "link_open":
                    href = self.link(str(token.attrs.get("href", "")))
                case "link_close":
                    href = None
                case "image":
                    yield self.picture(token, look, href)
                case "footnote_ref":
                    yield Run(f"[{token.meta.get('label', '')}]", look, href)
                case _ if token.tag in _MARKS and token.nesting == 1:
                    marks.append(_MARKS[token.tag])
                case _ if token.tag in _MARKS:
                    marks.remove(_MARKS[token.tag])

    def link(self, href: str) -> str | None:
        """Where a link leads; None where it leads nowhere safe."""
        return address(href)

    def picture(self, token: Token, marks: Marks, href: str | None) -> Run:
        source = str(token.attrs.get("src", ""))
        return Run(token.content or source, marks, href or self.link(source))

    def line_break(self, _marks: Marks, _href: str | None) -> Run:
        return BREAK

    def code(self, token: Token, _marks: Marks, href: str | None) -> Run:
        return Run(token.content, CODE, href)


def _without_box(blocks: Sequence[Block]) -> Blocks:
    first, *rest = blocks
    if isinstance(first, Paragraph) and first.runs:
        run = first.runs[0]
        first = Paragraph((Run(run.text[4:], run.marks, run.href), *first.runs[1:]))
    return (first, *rest)


def read_line(text: str) -> Runs:
    """The words of one line, in which no block begins."""
    (line,) = _PARSER.parseInline(text)
    return normal_runs(BlockReader(()).runs(line.children or ()), one_line=True)
