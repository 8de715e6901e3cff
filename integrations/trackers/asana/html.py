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

from markdown_it import MarkdownIt
from markdown_it.token import Token

JOINT = "\u2060"
"""WORD JOINER: nothing to see, but no address any more."""
DEEPEST = 40
"""Tags nested deeper than this are read as if they were not there."""

ROUNDS = 4
"""How often a text is read again until it means itself; twice is enough for all that was tried."""

_MARKS = {"strong": "**", "em": "*", "s": "~~"}
_TAG_MARKS = {"strong": "strong", "b": "strong", "em": "em", "i": "em", "s": "s", "del": "s"}
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

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@dataclass(frozen=True, slots=True)
class Run:
    """Some words that look alike; ``\\n`` in ``text`` is a line end. ``code`` has no line ends."""

    text: str
    marks: frozenset[str] = frozenset()
    href: str | None = None
    code: bool = False

    def like(self, other: "Run") -> bool:
        return (self.marks, self.href, self.code) == (other.marks, other.href, other.code)


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    runs: Runs


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    runs: Runs


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    pass


@dataclass(frozen=True, slots=True)
class Table:
    """The first row is the heads; all are equally long."""

    rows: tuple[tuple[Runs, ...], ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """Reduced: paragraphs alone."""

    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Item:
    """Reduced: one paragraph, then lists."""

    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    ordered: bool
    items: tuple[Item, ...]


Block = Paragraph | Heading | Code | Rule | Table | Quote | Items


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
        if not here.text.strip(" \t\n") and not here.code:
            settled[place] = replace(
                here, marks=before.marks & after.marks, href=before.href if before.href == after.href else None
            )
    return _trimmed(_merged(settled))


def _merged(runs: Iterable[Run]) -> Runs:
    merged: list[Run] = []
    for run in runs:
        if merged and merged[-1].like(run):
            merged[-1] = Run(merged[-1].text + run.text, run.marks, run.href, run.code)
        elif run.text:
            merged.append(run)
    return tuple(merged)


def _plain_link(run: Run) -> Run:
    """A link to nowhere in the web, or one that says its own address, is text; code is of one line."""
    text = " ".join(run.text.split("\n")).strip() if run.code else run.text
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
    normal = _PARSER.normalizeLink(address)
    return normal if _PARSER.validateLink(normal) and "\n" not in normal else None


def _pings(address: str) -> bool:
    return bool(_ADDRESS.fullmatch(address)) and not _TASK.fullmatch(address)


def _hoisted(run: Run) -> Iterator[Run]:
    if run.code or not (run.marks or run.href):
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
        if not run.code:
            text = re.sub(r"(?<![ \t])[ \t]*\n[ \t\n]*", "\n", text)
            text = text.lstrip(" \t\n") if at_start else text
            if kept and kept[-1].text.endswith("\n") and not kept[-1].code:
                text = text.lstrip(" \t\n")
        if text.startswith("\n") and kept and not kept[-1].code:
            kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(" \t"))
        if text:
            kept.append(replace(run, text=text))
            at_start = False
    while kept and not kept[-1].code and not kept[-1].text.rstrip(" \t\n"):
        kept.pop()
    if kept and not kept[-1].code:
        kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(" \t\n"))
    return _merged(run for run in kept if run.text)


def _one_line(runs: Runs) -> Runs:
    return _tidy(run if run.code else replace(run, text=run.text.replace("\n", " ")) for run in runs)


def _lines(runs: Runs) -> list[Runs]:
    lines: list[list[Run]] = [[]]
    for run in runs:
        first, *rest = [run.text] if run.code else run.text.split("\n")
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
            if isinstance(one, Items) and isinstance(last, Items) and one.ordered == last.ordered:
                reduced[-1] = Items(one.ordered, last.items + one.items)
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
                bold = _tidy(replace(run, marks=run.marks | {"strong"}) for run in line)
                yield Heading(level, line) if level <= 2 else Paragraph(bold)
        case Code(text):
            if text.strip("\n"):
                yield Code(text.strip("\n"))
        case Table(rows):
            yield _even(rows)
        case Quote(blocks):
            if paragraphs := tuple(Paragraph(runs) for runs in _flat(blocks) if runs):
                yield Quote(paragraphs)
        case Items(ordered, items):
            if kept := tuple(one for item in items for one in _reduced_item(item)):
                yield Items(ordered, kept)
        case Rule():
            yield block


def _reduced_item(item: Item) -> Iterator[Item]:
    lists = _reduced(block for block in item.blocks if isinstance(block, Items))
    words = _tidy(_joined(_flat(block for block in item.blocks if not isinstance(block, Items)), "\n"))
    if words:
        yield Item((Paragraph(words), *lists))
    else:
        yield from (inner for one in lists if isinstance(one, Items) for inner in one.items)


def _flat(blocks: Iterable[Block], bullet: str = "") -> Iterator[Runs]:
    """Everything as paragraphs of text."""
    for block in blocks:
        match block:
            case Paragraph(runs) | Heading(_, runs):
                yield _tidy((Run(bullet), *runs))
            case Code(text):
                yield _tidy(_joined(((Run(line, code=True),) for line in text.split("\n")), "\n"))
            case Table(rows):
                yield _tidy(_joined((_joined(row, " | ") for row in rows), "\n"))
            case Quote(inner):
                yield from _flat(inner)
            case Items(_, items):
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
    if line[0].code or line[-1].code:
        return None
    cells: list[list[Run]] = [[]]
    for run in line:
        first, *rest = [run.text] if run.code else _PIPE.split(run.text)
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
    tokens = iter(_PARSER.parse(text))
    return _reduced(_token_blocks(tokens, None))


def _token_blocks(tokens: Iterator[Token], until: str | None) -> Iterator[Block]:
    for token in tokens:
        if token.type == until:
            return
        match token.type:
            case "paragraph_open":
                yield Paragraph(_token_runs(next(tokens)))
            case "heading_open":
                yield Heading(int(token.tag[1:]), _token_runs(next(tokens)))
            case "fence" | "code_block":
                yield Code(token.content)
            case "hr":
                yield Rule()
            case "blockquote_open":
                yield Quote(tuple(_token_blocks(tokens, "blockquote_close")))
            case "bullet_list_open" | "ordered_list_open":
                close = token.type.replace("open", "close")
                yield Items(token.type == "ordered_list_open", tuple(_token_items(tokens, close)))
            case "table_open":
                yield Table(tuple(_token_rows(tokens)))
            case _:
                pass


def _token_items(tokens: Iterator[Token], until: str) -> Iterator[Item]:
    for token in tokens:
        if token.type == until:
            return
        if token.type == "list_item_open":
            yield Item(tuple(_token_blocks(tokens, "list_item_close")))


def _token_rows(tokens: Iterator[Token]) -> Iterator[tuple[Runs, ...]]:
    row: list[Runs] = []
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "tr_open":
            row = []
        elif token.type == "inline":
            row.append(_token_runs(token))
        elif token.type == "tr_close":
            yield tuple(row)


def _token_runs(inline: Token) -> Runs:
    runs: list[Run] = []
    marks: list[str] = []
    href: str | None = None
    for token in inline.children or ():
        look = frozenset(marks)
        if token.type in {"softbreak", "hardbreak"}:
            runs.append(Run("\n", look, href))
        elif token.type == "link_open":
            href = str(token.attrGet("href") or "")
        elif token.type == "link_close":
            href = None
        elif token.type == "image":
            source = str(token.attrGet("src") or "")
            runs.append(Run(token.content or source, look, href or source or None))
        elif token.type == "code_inline":
            runs.append(Run(token.content, look, href, code=True))
        elif token.tag in _MARKS:
            marks.append(token.tag) if token.nesting > 0 else marks.remove(token.tag)
        else:
            runs.append(Run(token.content, look, href))
    return tuple(runs)


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
            yield Items(node.tag == "ol", tuple(Item(tuple(_node_blocks(one))) for one in _node_items(node)))
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
        yield replace(look, text=_text(node), code=True)
    elif node.tag not in _SILENT:
        if node.tag in _TAG_MARKS:
            look = replace(look, marks=look.marks | {_TAG_MARKS[node.tag]})
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
        first, *rest = [run.text] if run.code else re.split(r"\n[ \t]*\n\s*", run.text)
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
            bare = tuple(replace(run, marks=run.marks - {"strong"}) for run in runs) if comment else runs
            return f"<{tag}>{_runs_html(bare)}</{tag}>"
        case Code(text):
            return f"<pre>{_escaped(text)}</pre>"
        case Rule():
            return "———" if comment else "<hr/>"
        case Table():
            return _runs_html(_table_lines(block))
        case Quote(inner):
            return f"<blockquote>{_html(inner, comment=comment)}</blockquote>"
        case Items(ordered, items):
            tag = "ol" if ordered else "ul"
            inside = "".join(
                f"<li>{''.join(_block_html(one, comment=comment) for one in i.blocks)}</li>" for i in items
            )
            return f"<{tag}>{inside}</{tag}>"


def _runs_html(runs: Runs) -> str:
    written = ""
    for mark, group in _groups(runs):
        if mark is None:
            written += "".join(
                f"<code>{_escaped(run.text)}</code>" if run.code else _escaped(run.text) for run in group
            )
        elif mark in _MARKS:
            written += f"<{mark}>{_runs_html(_without(group, mark))}</{mark}>"
        else:
            written += f'<a href="{escape(mark)}">{_runs_html(_without(group, mark))}</a>'
    return written


def _escaped(text: str) -> str:
    jointed = _ADDRESS.sub(_joint, text)
    return escape(jointed, quote=False)


def _joint(found: re.Match[str]) -> str:
    address = found[0]
    return address if _TASK.fullmatch(address.rstrip(".,;:!?")) else re.sub(r"(?i)(?<=app\.)", JOINT, address, count=1)


def _groups(runs: Runs) -> Iterator[tuple[str | None, Runs]]:
    """Neighbours by what they have in common: an address, else the mark that reaches farthest, else nothing."""
    place = 0
    while place < len(runs):
        run = runs[place]
        looks = [run.href] if run.href else sorted(run.marks)
        reaches = [(_reach(runs, place, look), look) for look in looks]
        end, best = max(reaches, key=lambda one: one[0]) if reaches else (place + 1, None)
        yield best, runs[place:end]
        place = end


def _reach(runs: Runs, place: int, look: str) -> int:
    end = place
    while end < len(runs) and (look in runs[end].marks or look == runs[end].href):
        end += 1
    return end


def _without(group: Runs, look: str) -> Runs:
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
        case Items(ordered, items):
            return "\n".join(_item_markdown(item, f"{n}. " if ordered else "- ") for n, item in enumerate(items, 1))
        case Paragraph((Run(text, marks, None, False),)) if not marks and not _SAYS_MORE.search(text):
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
    return _tidy(replace(run, marks=frozenset(), href=None) for run in runs)


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
        written += f"{_MARKS[look]}{inside}{_MARKS[look]}" if look in _MARKS else f"[{inside}]({_target(look)})"
    return written


def _word(run: Run, *, escaping: bool) -> str:
    if run.code:
        ticks = "`" * (1 + max((len(found) for found in re.findall("`+", run.text)), default=0))
        pad = " " if run.text[0] == "`" or run.text[-1] == "`" else ""
        return f"{ticks}{pad}{run.text}{pad}{ticks}"
    return _SPECIAL.sub(r"\\\1", run.text) if escaping else run.text


def _target(address: str) -> str:
    address = _ENTITY.sub("&amp;", address)
    plain = not re.search(r"[\s<>\\]", address) and address.count("(") == address.count(")")
    return address if plain else f"<{address}>"
