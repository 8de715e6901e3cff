"""Markdown to HTML that may stand in a page: CommonMark with tables, strikethrough, task lists and footnotes.

Raw HTML in the text is shown as text, but for breaks, pictures and comments. Each block has the direction of its own
letters. Links lead to whole addresses only, and get ``rel``. Pictures of other hosts are never loaded but linked, so
that reading a postmortem tells no other host; attachments are placeholders. Headings begin at the third level: the page
owns the first two.
"""

from collections.abc import Callable, Sequence

import nh3
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML, RendererProtocol
from markdown_it.rules_core import StateCore
from markdown_it.utils import EnvType, OptionsDict

from domain.content.attachment_links import attachment_in
from domain.markdown import BOXES, Token, page_parser

IMAGE, FILE = "data-image", "data-file"
"""Attributes of links that stand for an attachment, by its id; ``domain.documents.placeholders`` fills them in."""
TAGS = {
    "p",
    "br",
    "hr",
    "strong",
    "em",
    "s",
    "code",
    "sup",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "a",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
DIRECTED = {"p", "li", "blockquote", "h3", "h4", "h5", "h6", "th", "td"}
ATTRIBUTES = {
    **{tag: {"dir"} for tag in DIRECTED},
    "a": {"href", "title", IMAGE, FILE},
    "ol": {"start"},
    "th": {"align", "dir"},
    "td": {"align", "dir"},
}
CLASSES = {"ul": {"contains-task-list"}, "ol": {"contains-task-list"}, "li": {"task-list-item"}}
SCHEMES = {"http", "https", "mailto"}


def render(markdown: str, prepare: Callable[[list[Token]], None] | None = None) -> str:
    """The text as HTML, safe to put into a page as it is. ``prepare`` may change what was read."""
    tokens = _PARSER.parse(markdown.replace("\0", "\ufffd"))
    if prepare is not None:
        prepare(tokens)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        if token.nesting == 1 and token.tag in DIRECTED:
            token.attrs["dir"] = "auto"
        align = str(token.attrs.pop("style", "")).removeprefix("text-align:")
        if align:
            token.attrs["align"] = align
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes=SCHEMES,
        url_relative="deny",
        link_rel="nofollow noopener noreferrer",
    )


def _picture(_renderer: RendererProtocol, tokens: Sequence[Token], at: int, *_: object) -> str:
    token = tokens[at]
    source = str(token.attrs.get("src", ""))
    if called := attachment_in(source):
        return f'<a {IMAGE}="{called}">{escapeHtml(token.content)}</a>'
    return f'<a href="{escapeHtml(source)}">{escapeHtml(token.content or source)}</a>'


def _link(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[at]
    if called := attachment_in(str(token.attrs.get("href", ""))):
        token.attrs = {FILE: called}
    return renderer.renderToken(tokens, at, options, env)


def _footnote(_renderer: RendererProtocol, tokens: Sequence[Token], at: int, *_: object) -> str:
    return f"<sup>{escapeHtml(str(tokens[at].meta.get('label', '')))}</sup>"


def _nothing(*_: object) -> str:
    return ""


def _mark_tasks(state: StateCore) -> None:
    """The box before a list's entry as a sign that needs no label. One pass: the known plugin looks back from each."""
    lists: list[Token] = []
    before = [Token("", "", 0)] * 2
    for token in state.tokens:
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            lists.append(token)
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            lists.pop()
        first = token.children[0] if token.type == "inline" and token.children else None
        if first and before[0].type == "list_item_open" and first.type == "text" and first.content[:4] in _SIGNS:
            first.content = _SIGNS[first.content[:4]] + first.content[4:]
            before[0].attrs["class"] = "task-list-item"
            lists[-1].attrs["class"] = "contains-task-list"
        before = [before[1], token]


_SIGNS = {box: "\u2611 " if done else "\u2610 " for box, done in BOXES.items()}
_PARSER = page_parser()
_PARSER.core.ruler.push("tasks", _mark_tasks)
_PARSER.add_render_rule("image", _picture)
_PARSER.add_render_rule("link_open", _link)
for _name, _rule in (
    ("footnote_ref", _footnote),
    ("footnote_reference_open", _nothing),
    ("footnote_reference_close", _nothing),
    ("comment", _nothing),
):
    _PARSER.add_render_rule(_name, _rule)
