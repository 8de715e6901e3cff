"""Blocks as Asana's HTML.

Nobody is pinged by accident: Asana may make a mention of an address of its own, so such an address is written with
an invisible joint in it, unless it is a task's. https://developers.asana.com/docs/rich-text#links
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from integrations.text.blocks import Block, Code, Heading, Item, Listing, Mark, Paragraph, Quote, Rule, Runs, Table
from integrations.trackers.asana.reduction import ASANA_ADDRESS, JOINT, TASK_ADDRESS, groups, table_lines, without

_TAG_OF_MARK = {Mark.STRONG: "strong", Mark.EM: "em", Mark.STRIKE: "s"}


def blocks_html(blocks: Sequence[Block], *, comment: bool) -> str:
    written = ""
    last: Block | None = None
    for block in blocks:
        if last is not None:
            written += between(_is_text(last, comment=comment), _is_text(block, comment=comment))
        written += _block_html(block, comment=comment)
        last = block
    return written


def between(is_text: bool, is_text_then: bool) -> str:
    """What parts two blocks: only empty lines part text."""
    return "\n\n" if is_text and is_text_then else "\n" if is_text or is_text_then else ""


def _is_text(block: Block, *, comment: bool) -> bool:
    return isinstance(block, Paragraph | Table) or (comment and isinstance(block, Heading | Rule))


def _block_html(block: Block, *, comment: bool) -> str:  # noqa: PLR0911 (one for each kind)
    match block:
        case Paragraph(runs):
            return runs_html(runs)
        case Heading(level, runs):
            tag = "strong" if comment else f"h{level}"
            bare = tuple(replace(run, marks=run.marks - {Mark.STRONG}) for run in runs) if comment else runs
            return f"<{tag}>{runs_html(bare)}</{tag}>"
        case Code(text):
            return f"<pre>{_escaped(text)}</pre>"
        case Rule():
            return "———" if comment else "<hr/>"
        case Table():
            return runs_html(table_lines(block))
        case Quote(inner):
            return f"<blockquote>{blocks_html(inner, comment=comment)}</blockquote>"
        case Listing(items, start):
            tag = "ol" if start else "ul"
            return f"<{tag}>{''.join(item_html(one, comment=comment) for one in items)}</{tag}>"


def item_html(item: Item, *, comment: bool = False) -> str:
    return f"<li>{''.join(_block_html(one, comment=comment) for one in item.blocks)}</li>"


def runs_html(runs: Runs) -> str:
    written = ""
    for mark, group in groups(runs):
        if mark is None:
            written += "".join(
                f"<code>{_escaped(run.text)}</code>" if run.is_code else _escaped(run.text) for run in group
            )
        elif isinstance(mark, Mark):
            tag = _TAG_OF_MARK[mark]
            written += f"<{tag}>{runs_html(without(group, mark))}</{tag}>"
        else:
            written += f'<a href="{escape(mark)}">{runs_html(without(group, mark))}</a>'
    return written


def _escaped(text: str) -> str:
    jointed = ASANA_ADDRESS.sub(_joint, text)
    return escape(jointed, quote=False)


def _joint(found: re.Match[str]) -> str:
    address = found[0]
    return (
        address
        if TASK_ADDRESS.fullmatch(address.rstrip(".,;:!?"))
        else re.sub(r"(?i)(?<=app\.)", JOINT, address, count=1)
    )
