"""Blocks of an Asana task from Markdown, and as Markdown."""

import re
from dataclasses import replace

from domain.markdown import Token, parser
from integrations.text.blocks import (
    CODE,
    Block,
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
)
from integrations.text.markdown_reader import BlockReader
from integrations.trackers.asana.reduction import groups, reduced_blocks, tidy_runs, without

ROUNDS = 4
"""How often a text is read again until it means itself; twice is enough for all that was tried."""
_DELIMITERS_OF_MARK = {Mark.STRONG: "**", Mark.EM: "*", Mark.STRIKE: "~~"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~|!#])")
_LINE_START = re.compile(r"^([+\-=])", re.MULTILINE)
_LINE_NUMBER = re.compile(r"^([0-9]{1,9})([.)])", re.MULTILINE)
_SAYS_MORE = re.compile(r"[\\`*_\[\]<>&~|!#\n\t]|^(?:[+\-=]|[0-9])")
"""What may mean more than its letters in one line of Markdown."""
_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]+;)")
_PARSER = parser()


def settled_markdown(blocks: tuple[Block, ...]) -> str:
    """Markdown that means itself: what it cannot say of the blocks is given up."""
    text = _markdown(blocks)
    for _ in range(ROUNDS):
        meant = from_markdown(text)
        if meant == blocks:
            break
        blocks, text = meant, _markdown(meant)
    return text


def from_markdown(text: str) -> tuple[Block, ...]:
    return reduced_blocks(_MarkdownReader(_PARSER.parse(text)).blocks())


class _MarkdownReader(BlockReader):
    """Links are judged later, with the words that they stand on; a box is text, since Asana has none."""

    reads_tasks = False

    def link(self, href: str) -> str | None:
        return href or None

    def line_break(self, marks: Marks, href: str | None) -> Run:
        return Run("\n", marks, href)

    def code(self, token: Token, marks: Marks, href: str | None) -> Run:
        return Run(token.content, marks | CODE, href)


def _markdown(blocks: tuple[Block, ...]) -> str:
    return "\n\n".join(_block_markdown(block) for block in blocks)


def _block_markdown(block: Block) -> str:  # noqa: PLR0911 (one for each kind)
    """As plain as it can be: what needs no escape gets none, and a mark that Markdown cannot say is left out."""
    match block:
        case Code(text):
            fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall(r"`{3,}", text))])
            return f"{fence}\n{text}\n{fence}"
        case Rule():
            return "---"
        case Quote(inner):
            return "\n".join(f"> {line}".rstrip() for line in _markdown(inner).split("\n"))
        case Listing(items, start):
            return "\n".join(_item_markdown(item, f"{n}. " if start else "- ") for n, item in enumerate(items, 1))
        case Paragraph((Run(text, marks, None),)) if not marks and not _SAYS_MORE.search(text):
            return text
        case _:
            for escaping in (False, True):
                draft = _worded(block, escaping=escaping)
                if from_markdown(draft) == (block,):
                    return draft
            bare = _unmarked(block)
            return draft if bare == block else _block_markdown(bare)


def _unmarked(block: Paragraph | Heading | Table) -> Paragraph | Heading | Table:
    match block:
        case Table(rows):
            return Table(tuple(tuple(_bare_words(cell) for cell in row) for row in rows))
        case _:
            return replace(block, runs=_bare_words(block.runs))


def _bare_words(runs: Runs) -> Runs:
    return tidy_runs(replace(run, marks=run.marks & CODE, href=None) for run in runs)


def _item_markdown(item: Item, bullet: str) -> str:
    text = "\n".join(_block_markdown(block) for block in item.blocks)
    return bullet + text.replace("\n", "\n" + " " * len(bullet))


def _worded(block: Paragraph | Heading | Table, *, escaping: bool) -> str:
    match block:
        case Heading(depth, runs):
            return f"{'#' * depth} {_words(runs, escaping=escaping)}"
        case Table(rows):
            cells = [[_words(cell, escaping=escaping).replace("|", "\\|") for cell in row] for row in rows]
            head, *rest = (f"| {' | '.join(row)} |" for row in cells)
            return "\n".join([head, f"| {' | '.join('---' for _ in rows[0])} |", *rest])
        case Paragraph(runs):
            return _words(runs, escaping=escaping)


def _words(runs: Runs, *, escaping: bool) -> str:
    written = _marked(runs, escaping=escaping)
    return _LINE_NUMBER.sub(r"\1\\\2", _LINE_START.sub(r"\\\1", written)) if escaping else written


def _marked(runs: Runs, *, escaping: bool) -> str:
    written = ""
    for look, group in groups(runs):
        if look is None:
            written += "".join(_word(run, escaping=escaping) for run in group)
            continue
        inside = _marked(without(group, look), escaping=escaping)
        if isinstance(look, Mark):
            written += f"{_DELIMITERS_OF_MARK[look]}{inside}{_DELIMITERS_OF_MARK[look]}"
        else:
            written += f"[{inside}]({_target(look)})"
    return written


def _word(run: Run, *, escaping: bool) -> str:
    if run.is_code:
        ticks = "`" * (1 + max((len(found) for found in re.findall("`+", run.text)), default=0))
        pad = " " if run.text[0] == "`" or run.text[-1] == "`" else ""
        return f"{ticks}{pad}{run.text}{pad}{ticks}"
    return _SPECIAL.sub(r"\\\1", run.text) if escaping else run.text


def _target(address: str) -> str:
    address = _ENTITY.sub("&amp;", address)
    plain = not re.search(r"[\s<>\\]", address) and address.count("(") == address.count(")")
    return address if plain else f"<{address}>"
