"""Markdown to HTML that is safe to show: no script, no style, nothing that is fetched from elsewhere by reading."""

import re
from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.tasklists import tasklists_plugin

TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "input",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "input": {"checked", "disabled"}}
SCHEMES = {"http", "https", "mailto"}


def _image(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A link in the picture's place: to load it would tell its server who reads."""
    token = tokens[index]
    words = renderer.renderInlineAsText(token.children or [], options, env)
    address = str(token.attrGet("src") or "")
    return f'<a href="{_escaped(address)}">{_escaped(words or address)}</a>'


def _escaped(text: str) -> str:
    return nh3.clean_text(text)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - its name there
        """Whole addresses only; a relative one would mean something else in each place where the text is shown."""
        return re.match(r"(?:https?://|mailto:)[^\s]", url, re.IGNORECASE) is not None


def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False}).enable(["table", "strikethrough"]).use(tasklists_plugin)
    parser.add_render_rule("image", _image)
    return parser


PARSER = _parser()


def render(markdown: str) -> str:
    """CommonMark with tables, strikethrough and task lists. HTML in it is shown as text."""
    return nh3.clean(
        PARSER.render(markdown),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer",
        tag_attribute_values={"input": {"type": {"checkbox"}}},
    )
