"""The one Markdown parser: CommonMark with tables and strikethrough, in which raw HTML is text.

Every reader of Markdown takes its parser from here, so that all of them agree with what a page shows. A reader that
needs something else names it: ``parser("text_join")``.
"""

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["BOXES", "Token", "normal_address", "parser"]

BOXES = {"[ ] ": False, "[x] ": True, "[X] ": True}
"""How the text of a task begins, and whether the task is done."""
DEEPEST = 20
"""How deep lists, quotes and emphasis are nested at most; what is deeper is text."""


def parser(*disabled: str, html: bool = False, deepest: int = DEEPEST) -> MarkdownIt:
    """A new parser, without the rules that are named.

    Without ``text_join``, an escaped character is a token of its own, which tells how it was written. With ``html``,
    raw HTML is told from text.
    """
    made = MarkdownIt("commonmark", {"html": html, "maxNesting": deepest}).enable(["table", "strikethrough"])
    return made.disable(list(disabled))


def normal_address(address: str) -> str | None:
    """The address of a link as Markdown keeps it; None for one that Markdown does not take for a link's."""
    try:
        normal = _PARSER.normalizeLink(address)
    except ValueError:
        return None
    return normal if _PARSER.validateLink(normal) else None


_PARSER = parser()
