"""Nobody is pinged by accident: an ``@name`` in our text stays text in a tracker that would call that person.

A zero-width space after the ``@`` does it, which readers do not see; it is taken out again when the text comes back.
Addresses (``jane@example.com``) and code are no mentions to anybody.
"""

import re

QUIET = "\u200b"
_CODE = re.compile(
    r"(^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=fence)[^\n]*$|\Z)|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))",
    re.S | re.M,
)
_MENTION = re.compile(r"(?<![\w`/.@])@(?=[A-Za-z0-9])")


def quietened(markdown: str) -> str:
    """``markdown`` in which nothing outside of code is a mention; the same again where it is so already."""
    parts: list[str] = []
    at = 0
    for code in _CODE.finditer(markdown):
        parts += [_MENTION.sub(f"@{QUIET}", markdown[at : code.start()]), code.group()]
        at = code.end()
    return "".join([*parts, _MENTION.sub(f"@{QUIET}", markdown[at:])])


def restored(markdown: str) -> str:
    """What was quietened, as it was written."""
    return markdown.replace(f"@{QUIET}", "@")
