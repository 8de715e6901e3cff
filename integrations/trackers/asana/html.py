"""Markdown to Asana's HTML and back.

https://developers.asana.com/docs/rich-text

What Asana takes must be XML with a root ``<body>``, without attributes but on ``<a>``; a tag that it does not know is
answered 400. Blanks and line ends count as they stand: there is no ``<p>`` and no ``<br>``. Both directions go
through the same few blocks (:data:`Block`), reduced to what a task can hold, so that a text that went there and back
once stays as it is from then on. What Asana lacks becomes text:

- headings below the second level become bold; comments have neither headings nor rules;
- list items and quotations hold text alone (an item also lists): what else is in them is flattened;
- tables, which Asana documents for project briefs only, are written as lines ``| a | b |`` and read as tables again;
- images become links; links to anything but the web and mail become text; the language of a code block, the first
  number of a list, and underlines are lost.

Nobody is pinged by accident: we write no ``data-asana-gid``, a mention comes in as text, and since Asana may make a
mention of an address of its own (a profile, a list of tasks), such an address is written with an invisible joint in
it, unless it is a task's. https://developers.asana.com/docs/rich-text#links
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from domain.markdown import Token, normal_address, parser
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

JOINT = "\u2060"
"""WORD JOINER: nothing to see, but no address any more."""
DEEPEST = 40
"""Tags nested deeper than this are read as if they were not there."""

ROUNDS = 4
"""How often a text is read again until it means itself; twice is enough for all that was tried."""

_DELIMITERS_OF_MARK = {Mark.STRONG: "**", Mark.EM: "*", Mark.STRIKE: "~~"}
_TAG_OF_MARK = {Mark.STRONG: "strong", Mark.EM: "em", Mark.STRIKE: "s"}
_MARK_OF_TAG = {
    "strong": Mark.STRONG,
    "b": Mark.STRONG,
    "em": Mark.EM,
    "i": Mark.EM,
    "s": Mark.STRIKE,
    "del": Mark.STRIKE,
}
_VOID = {"hr", "br", "img", "input", "meta", "link", "wbr", "col", "area", "base", "embed", "source", "track"}
_SILENT = {"script", "style", "head", "title", "template"}
_BLOCK_NAMES = (
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr html li main nav object ol p pre section summary table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ASANA = re.compile(rf"(?<=app\.){JOINT}(?=asana\.com)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?://)?app\.asana\.com[^\s<>()\[\]\"']*", re.IGNORECASE)
_TASK = re.compile(r"https://app\.asana\.com/(?:0/[0-9]+/[0-9]+(?:/f)?|1/[0-9]+/(?:project/[0-9]+/)?task/[0-9]+)/?")
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~|!#])")
_LINE_START = re.compile(r"^([+\-=])", re.MULTILINE)
_LINE_NUMBER = re.compile(r"^([0-9]{1,9})([.)])", re.MULTILINE)
_SAYS_MORE = re.compile(r"[\\`*_\[\]<>&~|!#\n\t]|^(?:[+\-=]|[0-9])")
"""What may mean more than its letters in one line of Markdown."""
_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]+;)")
_DELIMITERS = re.compile(r"\|(?: *:?-+:? *\|)+")
_PIPE = re.compile(r"(?<!\\)\|")

_PARSER = parser()


def to_html(markdown: str, *, comment: bool = False) -> str:
    """``<body>…</body>`` for ``html_notes``, or with ``comment`` for a story's ``html_text``."""
    return f"<body>{_html(_from_markdown(_settled(_from_markdown(_clean(markdown)))), comment=comment)}</body>"


def to_markdown(html: str) -> str:
    """What such a text says; any HTML at all is read, and nothing in it is trusted or fetched."""
    return _settled(_from_html(html))


def _settled(blocks: tuple[Block, ...]) -> str:
    """Markdown that means itself: what it cannot say of the blocks is given up."""
    text = _markdown(blocks)
    for _ in range(ROUNDS):
        meant = _from_markdown(text)
        if meant == blocks:
            break
        blocks, text = meant, _markdown(meant)
    return text


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace(JOINT, ""))


# Words


def _tidy(runs: Iterable[Run]) -> Runs:
    """The same words in the one way in which they are kept: blanks outside of marks, like ones joined."""
    merged = _merged(_plain_link(run) for run in _merged(runs))
    hoisted = _merged(piece for run in merged for piece in _hoisted(run))
    settled = list(hoisted)
    for place in range(1, len(settled) - 1):  # blanks between like words belong to them
        before, here, after = settled[place - 1 : place + 2]
        if not here.text.strip(" \t\n") and not here.is_code:
            marks = (before.marks & after.marks) - CODE
            settled[place] = replace(here, marks=marks, href=before.href if before.href == after.href else None)
    return _trimmed(_merged(settled))


def _merged(runs: Iterable[Run]) -> Runs:
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
    return bool(_ADDRESS.fullmatch(address)) and not _TASK.fullmatch(address)


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
    return _merged(run for run in kept if run.text)


def _one_line(runs: Runs) -> Runs:
    return _tidy(run if run.is_code else replace(run, text=run.text.replace("\n", " ")) for run in runs)


def _lines(runs: Runs) -> list[Runs]:
    lines: list[list[Run]] = [[]]
    for run in runs:
        first, *rest = [run.text] if run.is_code else run.text.split("\n")
        lines[-1].append(replace(run, text=first))
        lines += [[replace(run, text=one)] for one in rest]
    return [_merged(line) for line in lines]


def _joined(parts: Iterable[Runs], between: str) -> Runs:
    joined: list[Run] = []
    for part in parts:
        if joined and part:
            joined.append(Run(between))
        joined += part
    return tuple(joined)


def _said(runs: Runs) -> str:
    return "".join(run.text for run in runs)


# Blocks, reduced to what a task can hold


def _reduced(blocks: Iterable[Block]) -> tuple[Block, ...]:
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
            if tidied := _tidy(runs):
                yield _table_of(tidied) or Paragraph(tidied)
        case Heading(level, runs):
            if line := _one_line(runs):
                bold = _tidy(replace(run, marks=run.marks | {Mark.STRONG}) for run in line)
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
    lists = _reduced(block for block in item.blocks if isinstance(block, Listing))
    words = _tidy(_joined(_flat(block for block in item.blocks if not isinstance(block, Listing)), "\n"))
    if words:
        yield Item((Paragraph(words), *lists))
    else:
        yield from (inner for one in lists if isinstance(one, Listing) for inner in one.items)


def _flat(blocks: Iterable[Block], bullet: str = "") -> Iterator[Runs]:
    """Everything as paragraphs of text."""
    for block in blocks:
        match block:
            case Paragraph(runs) | Heading(_, runs):
                yield _tidy((Run(bullet), *runs))
            case Code(text):
                yield _tidy(_joined(((Run(line, CODE),) for line in text.split("\n")), "\n"))
            case Table(rows):
                yield _tidy(_joined((_joined(row, " | ") for row in rows), "\n"))
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
    """The table that these lines are, as :func:`_table_lines` writes one."""
    lines = _lines(runs)
    if len(lines) < 2 or not _DELIMITERS.fullmatch(_said(lines[1])):
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


def _table_lines(table: Table) -> Runs:
    lines: list[Runs] = []
    for row in table.rows:
        cells = [tuple(replace(run, text=run.text.replace("|", "\\|")) for run in cell) for cell in row]
        lines.append((*(run for cell in cells for run in (Run("| "), *cell, Run(" "))), Run("|")))
    lines.insert(1, (Run("| --- " * len(table.rows[0]) + "|"),))
    return _merged(_joined(lines, "\n"))


# Markdown to blocks


def _from_markdown(text: str) -> tuple[Block, ...]:
    return _reduced(_MarkdownReader(_PARSER.parse(text)).blocks())


class _MarkdownReader(BlockReader):
    """Links are judged later, with the words that they stand on; a box is text, since Asana has none."""

    reads_tasks = False

    def link(self, href: str) -> str | None:
        return href or None

    def line_break(self, marks: Marks, href: str | None) -> Run:
        return Run("\n", marks, href)

    def code(self, token: Token, marks: Marks, href: str | None) -> Run:
        return Run(token.content, marks | CODE, href)


# HTML to blocks


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["_Node | str"] = field(default_factory=list)


class _Reader(HTMLParser):
    """Takes any text for a tree of tags; never raises, knows no entities but HTML's own, and bounds the depth."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Node("body")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in _VOID and len(self._open) < DEEPEST:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def _from_html(html: str) -> tuple[Block, ...]:
    reader = _Reader()
    reader.feed(_ASANA.sub("", _CONTROLS.sub("", html.replace("\r\n", "\n"))).replace(JOINT, ""))
    reader.close()
    return _reduced(_node_blocks(reader.root.children))


def _node_blocks(children: Sequence["_Node | str"]) -> Iterator[Block]:
    loose: list[Run] = []
    for child in children:
        if isinstance(child, str) or not _holds_block(child):
            loose += _node_runs(child, Run(""))
            continue
        yield from _paragraphs(loose)
        loose = []
        yield from _node_block(child)
    yield from _paragraphs(loose)


def _holds_block(node: "_Node | str") -> bool:
    """By the convention of HTML, also for what is new in Asana."""
    return isinstance(node, _Node) and (node.tag in _BLOCKS or any(_holds_block(one) for one in node.children))


def _node_block(node: _Node) -> Iterator[Block]:
    match node.tag:
        case "hr":
            yield Rule()
        case "pre":
            yield Code(_text(node))
        case "ul" | "ol":
            items = tuple(Item(tuple(_node_blocks(one))) for one in _node_items(node))
            yield Listing(items, 1 if node.tag == "ol" else None)
        case "blockquote":
            yield Quote(tuple(_node_blocks(node.children)))
        case "table":
            rows = [tuple(_node_cells(row)) for row in _within(node, {"tr"})]
            if rows and rows[0]:
                yield Table(tuple(rows))
        case tag if tag in _HEADINGS:
            yield Heading(int(tag[1:]), tuple(run for one in node.children for run in _node_runs(one, Run(""))))
        case tag if tag not in _SILENT:
            yield from _node_blocks(node.children)


def _node_items(node: _Node) -> Iterator[list["_Node | str"]]:
    for child in node.children:
        if isinstance(child, _Node):
            yield child.children if child.tag == "li" else [child]


def _node_cells(row: _Node) -> Iterator[Runs]:
    for cell in _within(row, {"td", "th"}):
        yield tuple(run for one in cell.children for run in _node_runs(one, Run("")))


def _within(node: _Node, tags: set[str]) -> Iterator[_Node]:
    for child in node.children:
        if isinstance(child, _Node) and child.tag in tags:
            yield child
        elif isinstance(child, _Node) and child.tag != "table":
            yield from _within(child, tags)


def _node_runs(node: "_Node | str", look: Run) -> Iterator[Run]:
    if isinstance(node, str):
        yield replace(look, text=node)
    elif node.tag == "br":
        yield replace(look, text="\n")
    elif node.tag == "img":
        source = node.attributes.get("src")
        said = node.attributes.get("alt", "").strip() or source or ""
        yield replace(look, text=said, href=look.href or source or None)
    elif node.tag == "code":
        yield replace(look, text=_text(node), marks=look.marks | CODE)
    elif node.tag not in _SILENT:
        if node.tag in _MARK_OF_TAG:
            look = replace(look, marks=look.marks | {_MARK_OF_TAG[node.tag]})
        elif node.tag == "a":
            mention = node.attributes.get("data-asana-type") == "user"
            look = replace(look, href=None if mention else node.attributes.get("href") or None)
        for child in node.children:
            yield from _node_runs(child, look)


def _text(node: _Node) -> str:
    return "".join(child if isinstance(child, str) else _text(child) for child in node.children)


def _paragraphs(runs: Sequence[Run]) -> Iterator[Paragraph]:
    """Empty lines part them."""
    current: list[Run] = []
    for run in _merged(Run("\n\n") if run.text == "\n\n" else run for run in runs):
        first, *rest = [run.text] if run.is_code else re.split(r"\n[ \t]*\n\s*", run.text)
        current.append(replace(run, text=first))
        for one in rest:
            yield Paragraph(tuple(current))
            current = [replace(run, text=one)]
    yield Paragraph(tuple(current))


# Blocks to HTML


def _html(blocks: Sequence[Block], *, comment: bool) -> str:
    written = ""
    last: Block | None = None
    for block in blocks:
        text_now = _is_text(block, comment=comment)
        if last is not None:
            text_before = _is_text(last, comment=comment)
            written += "\n\n" if text_before and text_now else "\n" if text_before or text_now else ""
        written += _block_html(block, comment=comment)
        last = block
    return written


def _is_text(block: Block, *, comment: bool) -> bool:
    return isinstance(block, Paragraph | Table) or (comment and isinstance(block, Heading | Rule))


def _block_html(block: Block, *, comment: bool) -> str:  # noqa: PLR0911 (one for each kind)
    match block:
        case Paragraph(runs):
            return _runs_html(runs)
        case Heading(level, runs):
            tag = "strong" if comment else f"h{level}"
            bare = tuple(replace(run, marks=run.marks - {Mark.STRONG}) for run in runs) if comment else runs
            return f"<{tag}>{_runs_html(bare)}</{tag}>"
        case Code(text):
            return f"<pre>{_escaped(text)}</pre>"
        case Rule():
            return "———" if comment else "<hr/>"
        case Table():
            return _runs_html(_table_lines(block))
        case Quote(inner):
            return f"<blockquote>{_html(inner, comment=comment)}</blockquote>"
        case Listing(items, start):
            tag = "ol" if start else "ul"
            inside = "".join(
                f"<li>{''.join(_block_html(one, comment=comment) for one in i.blocks)}</li>" for i in items
            )
            return f"<{tag}>{inside}</{tag}>"


def _runs_html(runs: Runs) -> str:
    written = ""
    for mark, group in _groups(runs):
        if mark is None:
            written += "".join(
                f"<code>{_escaped(run.text)}</code>" if run.is_code else _escaped(run.text) for run in group
            )
        elif isinstance(mark, Mark):
            tag = _TAG_OF_MARK[mark]
            written += f"<{tag}>{_runs_html(_without(group, mark))}</{tag}>"
        else:
            written += f'<a href="{escape(mark)}">{_runs_html(_without(group, mark))}</a>'
    return written


def _escaped(text: str) -> str:
    jointed = _ADDRESS.sub(_joint, text)
    return escape(jointed, quote=False)


def _joint(found: re.Match[str]) -> str:
    address = found[0]
    return address if _TASK.fullmatch(address.rstrip(".,;:!?")) else re.sub(r"(?i)(?<=app\.)", JOINT, address, count=1)


def _groups(runs: Runs) -> Iterator[tuple[Mark | str | None, Runs]]:
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


def _without(group: Runs, look: Mark | str) -> Runs:
    return tuple(
        replace(run, href=None) if run.href == look else replace(run, marks=run.marks - {look}) for run in group
    )


# Blocks to Markdown


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
                if _from_markdown(draft) == (block,):
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
    return _tidy(replace(run, marks=run.marks & CODE, href=None) for run in runs)


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
    for look, group in _groups(runs):
        if look is None:
            written += "".join(_word(run, escaping=escaping) for run in group)
            continue
        inside = _marked(_without(group, look), escaping=escaping)
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
