"""Markdown to HTML that may stand in a page: CommonMark with tables, strikethrough and task lists.

Raw HTML in the text is shown as text. Links get ``rel``; pictures are never loaded but linked, so that reading a
postmortem tells no other host. Headings begin at the third level: the page owns the first two.
"""

from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from mdit_py_plugins.tasklists import tasklists_plugin

TAGS = {
    "p",
    "br",
    "hr",
    "strong",
    "em",
    "s",
    "code",
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
    "span",
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "li": {"class"},
    "ul": {"class"},
    "span": {"class"},
    "th": {"align"},
    "td": {"align"},
}
SCHEMES = {"http", "https", "mailto"}


def render(markdown: str) -> str:
    """The text as HTML, safe to put into a page as it is."""
    tokens = _PARSER.parse(markdown.replace("\0", "\ufffd"))
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        align = str(token.attrs.pop("style", "")).removeprefix("text-align:")
        if align:
            token.attrs["align"] = align
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return nh3.clean(
        html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="nofollow noopener noreferrer"
    )


def _picture(_renderer: RendererProtocol, tokens: Sequence[Token], at: int, *_: object) -> str:
    token = tokens[at]
    source = str(token.attrs.get("src", ""))
    return f'<a href="{escapeHtml(source)}">{escapeHtml(token.content or source)}</a>'


def _task_mark(_renderer: RendererProtocol, tokens: Sequence[Token], at: int, *_: object) -> str:
    """The plugin's checkbox, the only raw HTML among the tokens, as a sign that needs no label."""
    return "\u2611" if "checked" in tokens[at].content else "\u2610"


_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).use(tasklists_plugin)
_PARSER.add_render_rule("image", _picture)
_PARSER.add_render_rule("html_inline", _task_mark)
