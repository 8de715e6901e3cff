"""Markdown on its way to a tracker that keeps Markdown, and back: it mentions nobody.

https://spec.commonmark.org/0.31.2/
"""

import re
from collections.abc import Callable

_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_MENTION = re.compile(r"(?<![\w@/.])@(?=(\w[\w./-]*))")
_LINE_END = re.compile(r"\r+\n")
_JOINER = "\u2060"
"""A character without width: behind an ``@`` it makes it a mere sign."""


def disable_mentions(text: str, there: str = "") -> str:
    """``text`` without line ends of other systems and without NUL, in which no ``@name`` is a mention, but for those
    that the ticket's text ``there`` mentions already: somebody wanted them.

    An address of e-mail is none, and code is left alone: there nobody is mentioned.
    """
    wanted = _mentions(there)

    def disabled(found: re.Match[str]) -> str:
        return "@" if _name(found) in wanted else f"@{_JOINER}"

    return outside_code(_unix(text), lambda part: _MENTION.sub(disabled, part))


def _mentions(text: str) -> frozenset[str]:
    names: set[str] = set()

    def note(part: str) -> str:
        names.update(map(_name, _MENTION.finditer(part)))
        return part

    outside_code(text, note)
    return frozenset(names)


def _name(found: re.Match[str]) -> str:
    return found[1].rstrip("./-").lower()


def restore_mentions(text: str) -> str:
    """``text`` as it was before :func:`disable_mentions`."""
    return _unix(text).replace(f"@{_JOINER}", "@")


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """``text`` with ``change`` made in what is neither a code span nor a fenced block."""
    parts, start = [], 0
    for code in _CODE.finditer(text):
        parts += [change(text[start : code.start()]), code[0]]
        start = code.end()
    return "".join([*parts, change(text[start:])])


def with_line_ends_of(there: str, text: str, limit: int) -> str:
    """``text`` with the line ends that a browser left in the ticket's text ``there``, if there is room for them."""
    made = text.replace("\n", "\r\n") if "\r\n" in there else text
    return made if len(made.encode()) <= limit else text


def _unix(text: str) -> str:
    return _LINE_END.sub("\n", text).replace("\0", "").rstrip()
