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

from integrations.text.keeping import CannotKeep
from integrations.trackers.asana.html_reader import from_html
from integrations.trackers.asana.html_writer import blocks_html
from integrations.trackers.asana.keeping import holds_foreign, patched
from integrations.trackers.asana.markdown import from_markdown, settled_markdown
from integrations.trackers.asana.reduction import CONTROLS, JOINT


def to_html(markdown: str, *, comment: bool = False) -> str:
    """``<body>…</body>`` for ``html_notes``, or with ``comment`` for a story's ``html_text``."""
    return (
        f"<body>{blocks_html(from_markdown(settled_markdown(from_markdown(_clean(markdown)))), comment=comment)}</body>"
    )


def to_markdown(html: str) -> str:
    """What such a text says; any HTML at all is read, and nothing in it is trusted or fetched."""
    return settled_markdown(from_html(html))


def normal(markdown: str) -> str:
    """How a text comes back from Asana."""
    return settled_markdown(from_markdown(_clean(markdown)))


def rewritten(html: str, markdown: str) -> str:
    """``<body>…</body>`` that says ``markdown``, with every tag of ``html`` that is not touched as it is there.

    Raises ``CannotKeep`` if something would be lost that our text has no word for.
    """
    inside = html.strip().removeprefix("<body>").removesuffix("</body>")
    wanted = from_markdown(normal(markdown))
    try:
        made = f"<body>{patched(inside, wanted)}</body>"
        if to_markdown(made) == normal(markdown):
            return made
    except CannotKeep:
        pass
    if holds_foreign(inside):
        raise CannotKeep
    return to_html(markdown)


def _clean(text: str) -> str:
    return CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace(JOINT, ""))
