"""Markdown to Atlassian Document Format and back: what Jira Cloud keeps its texts in.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
(the JSON Schema: npm ``@atlaskit/adf-schema``, ``dist/json-schema/v1/full.json``)

Going out, what ADF does not allow in its place keeps its words: a heading in a list or a quote becomes bold, a table
there becomes lines, a rule is left out, bold inside code too; a column's alignment and a link's title are lost. Links
that lead nowhere safe become their text. No mention is ever written, so nobody is pinged: ``@jane`` stays text.

Coming in, a mention becomes ``@Name``, a panel a quote, an expand its title and contents, a card its address, a date
``2026-11-23``; of what is not known the text is kept. Colours, sizes and pictures are lost.

``to_markdown(to_adf(text))`` is the text's normal form: the same again gives the same.
"""

from integrations.text.adf_reader import blocks_of, nodes_in
from integrations.text.blocks import Blocks, normal_blocks
from integrations.text.keeping import CannotKeep
from integrations.text.markdown_reader import read
from integrations.text.markdown_writer import write, write_plainly
from integrations.trackers.jira.adf_editing import holds_foreign
from integrations.trackers.jira.adf_fit import fit
from integrations.trackers.jira.adf_keeping import patched
from integrations.trackers.jira.adf_writer import AdfWriter, Json

_ROUNDS = 5


def to_adf(markdown: str) -> Json:
    """The text as a document of version 1; an empty text is one without content."""
    return {"version": 1, "type": "doc", "content": AdfWriter().blocks(fit(read(markdown)))}


def to_markdown(document: object) -> str:
    """The Markdown of a document as Jira answers it; None, or what is none, is nothing."""
    return _settled(fit(normal_blocks(blocks_of(nodes_in(document, "content"), 0))))


def normal(markdown: str) -> str:
    """How a text comes back from Jira."""
    return _settled(fit(read(markdown)))


def rewritten(document: object, markdown: str) -> Json:
    """The document that says ``markdown``, with every node of ``document`` that is not touched as it is there.

    Raises ``CannotKeep`` if a node that Markdown has no word for would be lost.
    """
    wanted = fit(read(markdown))
    if isinstance(document, dict) and document.get("content"):
        try:
            made = patched(document, wanted)
        except CannotKeep:
            if holds_foreign(document):
                raise
        else:
            if to_markdown(made) == _settled(wanted):
                return made
            if holds_foreign(document):
                raise CannotKeep
    return {"version": 1, "type": "doc", "content": AdfWriter().blocks(wanted)}


def _settled(tree: Blocks) -> str:
    plain = write_plainly(tree)
    if plain is not None:
        return plain
    for _ in range(_ROUNDS):  # what Markdown can only nearly say settles in one or two
        text = write(tree)
        again = fit(read(text))
        if again == tree:
            break
        tree = again
    return text
