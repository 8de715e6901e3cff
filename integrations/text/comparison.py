"""Markdown texts compared by their look."""

from domain.markdown import parser

_PARSER = parser(html=True)


def looks_same(one: str, other: str) -> bool:
    """Whether a reader sees no difference: how lists, emphasis and blank lines are written is none."""
    return one == other or look(one) == look(other)


def look(text: str) -> str:
    """As HTML; blank lines between the items of a list come and go, so each list is a tight one."""
    tokens, depth = _PARSER.parse(text), 0
    for token in tokens:
        depth += token.nesting * (token.type in {"list_item_open", "list_item_close"})
        token.hidden |= bool(depth) and token.tag == "p"
    rendered: str = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return rendered.strip()
