"""The one Markdown parser: CommonMark with tables and strikethrough, in which raw HTML is text.

Every reader of Markdown takes its parser from here, so that all of them agree with what a page shows. A reader that
needs something else names it: ``parser("text_join")``. Those that agree with the pages letter by letter take
:func:`page_parser`.
"""

import re
from bisect import bisect_left
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

__all__ = ["BOXES", "Token", "normal_address", "page_parser", "parser"]

BOXES = {"[ ] ": False, "[x] ": True, "[X] ": True}
"""How the text of a task begins, and whether the task is done."""
CODE_INDENT = 4
"""A line that is indented so far is code."""
DEEPEST = 20
"""How deep lists, quotes and emphasis are nested at most; what is deeper is text."""


def parser(*disabled: str, html: bool = False, deepest: int = DEEPEST) -> MarkdownIt:
    """A new parser, without the rules that are named.

    Without ``text_join``, an escaped character is a token of its own, which tells how it was written. With ``html``,
    raw HTML is told from text.
    """
    made = MarkdownIt("commonmark", {"html": html, "maxNesting": deepest}).enable(["table", "strikethrough"])
    made.block = _Blocks(made.block)
    return made.disable(list(disabled))


class _Blocks(ParserBlock):
    """What is nested too deep becomes a paragraph, with its marks as text.

    The library drops it, and with it everything that follows a list.
    """

    def __init__(self, known: ParserBlock) -> None:
        self.ruler = known.ruler

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803 - the library's names
        if state.level < state.md.options.maxNesting:
            super().tokenize(state, startLine, endLine)
            return
        line = startLine
        while line < endLine and (state.isEmpty(line) or state.sCount[line] >= state.blkIndent):
            line += 1
        if content := state.getLines(startLine, line, state.blkIndent, False).strip():
            state.push("paragraph_open", "p", 1).map = [startLine, line]
            inline = state.push("inline", "", 0)
            inline.content, inline.map, inline.children = content, [startLine, line], []
            state.push("paragraph_close", "p", -1)
        state.line = line


class _AsWritten(MarkdownIt):
    """An address reads as it was written."""

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 - the name is the library's
        return link


def page_parser(*disabled: str) -> MarkdownIt:
    """What pages show: also footnotes, bare addresses as links, and of pasted HTML breaks, pictures and comments.

    A comment is shown to nobody; any other HTML is text. Footnotes stay where they are written, as tokens
    ``footnote_reference_open`` and ``footnote_ref`` with their label.
    """
    made = _AsWritten("commonmark", {"html": False, "maxNesting": DEEPEST, "linkify": True})
    made.block = _Blocks(made.block)
    made.enable(["table", "strikethrough", "linkify"])
    made.use(footnote_plugin, inline=False, move_to_end=False, always_match_refs=False)
    if made.linkify is not None:
        made.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    made.core.ruler.push("footnote_labels", _label_footnotes)
    made.inline.ruler.at("footnote_ref", _footnote_ref)
    made.inline.ruler.before("autolink", "pasted_html", _pasted_html)
    made.block.ruler.before("paragraph", "comment", _comment_block, {"alt": ["paragraph", "blockquote", "list"]})
    return made.disable(list(disabled))


_FOOTNOTE = re.compile(r"\[\^([^\s\]]{1,100})\]")
_BREAK = re.compile(r"<br\s{0,20}/?>", re.I)
_PICTURE = re.compile(r"<img\s[^<>]{0,4000}>", re.I)
_SOURCE = re.compile(r"\ssrc\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+))", re.I)
_WORDS = re.compile(r"\salt\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)')", re.I)


def _footnote_ref(state: StateInline, silent: bool) -> bool:
    """As the plugin's own rule, which looks for the end of each label as far as the text goes."""
    known = state.env.get("footnotes", {}).get("refs", {})
    found = _FOOTNOTE.match(state.src, state.pos) if known else None
    if found is None or f":{found[1]}" not in known:
        return False
    if not silent:
        state.push("footnote_ref", "", 0).meta = {"label": found[1]}
    state.pos = found.end()
    return True


def _comment_end(state: StateInline | StateBlock, start: int) -> int | None:
    """Where the comment ends that begins there. A text is searched once for the last end, however many begin in it."""
    if not state.src.startswith("<!--", start):
        return None
    last: tuple[str, int] = state.env.get("last_comment_end", ("", -1))
    if last[0] is not state.src:
        last = state.env["last_comment_end"] = (state.src, state.src.rfind("-->"))
    if last[1] < start + 2:
        return None
    return state.src.find("-->", start + 2) + 3


def _pasted_html(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("<", state.pos):
        return False
    if end := _comment_end(state, state.pos):
        if not silent:
            state.push("comment", "", 0)
        state.pos = end
        return True
    picture = _picture(state.src, state.pos)
    line_break = _BREAK.match(state.src, state.pos)
    end = picture.end if picture else line_break.end() if line_break else None
    if end is None:
        return False
    if not silent:
        token = state.push("image" if picture else "hardbreak", "img" if picture else "br", 0)
        if picture:
            token.attrs["src"], token.content, token.children = picture.address, picture.words, []
    state.pos = end
    return True


class _Picture(NamedTuple):
    address: str
    words: str
    end: int


def _picture(text: str, at: int) -> _Picture | None:
    """The ``img`` that begins there; None for one whose address Markdown does not take."""
    tag = _PICTURE.match(text, at)
    source = _SOURCE.search(tag[0]) if tag else None
    address = normal_address(source[1] or source[2] or source[3] or "") if source else None
    if tag is None or not address:
        return None
    words = _WORDS.search(tag[0])
    return _Picture(address, (words[1] or words[2] or "") if words else "", tag.end())


def _label_footnotes(state: StateCore) -> None:
    """Each footnote begins with its label, as its references show it."""
    for note, paragraph, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if (note.type, paragraph.type) == ("footnote_reference_open", "paragraph_open") and inline.children:
            label = Token("footnote_ref", "", 0, meta=note.meta)
            inline.children[:0] = [label, Token("text", "", 0, content=" ")]


def _comment_block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """A comment that has its lines for itself, whatever it holds."""
    start = state.bMarks[first] + state.tShift[first]
    end = _comment_end(state, start) if state.sCount[first] - state.blkIndent < CODE_INDENT else None
    if end is None:
        return False
    line = bisect_left(state.eMarks, end, first)
    if line >= last or state.src[end : state.eMarks[line]].strip():
        return False
    if not silent:
        state.line = line + 1
        state.push("comment", "", 0).map = [first, line + 1]
    return True


def normal_address(address: str) -> str | None:
    """The address of a link as Markdown keeps it; None for one that Markdown does not take for a link's."""
    try:
        normal = _PARSER.normalizeLink(address)
    except ValueError:
        return None
    return normal if _PARSER.validateLink(normal) else None


_PARSER = parser()
