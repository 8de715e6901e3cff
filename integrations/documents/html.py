"""A postmortem as one HTML file that asks for nothing: images are inlined, nothing runs, and it prints well.

Its own content security policy forbids every request. Mail programs that drop styles still show tables as tables.
"""

from base64 import b64encode
from collections.abc import Iterable
from html import escape

from domain.documents.document import Document
from integrations.documents.layout import Layout, lay_out
from integrations.documents.texts import Images, attachment_of, replaced
from integrations.text.blocks import (
    BREAK,
    Block,
    Code,
    Heading,
    Item,
    Listing,
    Mark,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE = """
body { font: 16px/1.55 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #1c2024; background: #fff;
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.8rem; line-height: 1.25; margin: .2rem 0 1rem; }
h2 { font-size: 1.3rem; margin: 2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid #d5d9de; }
h3 { font-size: 1.1rem; }
h4, h5, h6 { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; font-size: .93rem; }
th, td { border: 1px solid #d5d9de; padding: .35rem .55rem; text-align: start; vertical-align: top; }
th { background: #f4f6f8; font-weight: 600; }
pre { background: #f4f6f8; padding: .7rem .9rem; white-space: pre-wrap; font-size: .88rem; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; }
blockquote { margin: .8rem 0; padding: 0 1rem; border-inline-start: 3px solid #c3c9d0; color: #4a5158; }
img { max-width: 100%; height: auto; }
.line { color: #4a5158; margin: 0; }
.mark { font-weight: 600; }
.wide { overflow-x: auto; overflow-wrap: break-word; }
.facts th { width: 30%; overflow-wrap: break-word; }
@media print {
  body { font-size: 11pt; margin: 0; max-width: none; }
  h2, h3, h4 { break-after: avoid; }
  .wide { overflow: visible; }
  tr, pre, img { break-inside: avoid; }
  thead { display: table-header-group; }
  a { color: inherit; }
}
"""
_TAGS = {Mark.STRONG: "strong", Mark.EM: "em", Mark.STRIKE: "s", Mark.CODE: "code"}


def write(document: Document, images: Images) -> bytes:
    laid = lay_out(document)
    body = _Writer(images).blocks(laid.blocks)
    return f"{_head(laid)}{_facts(laid)}{body}{_foot(laid)}".encode()


def _head(laid: Layout) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(laid.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<p class="line">Postmortem {escape(laid.number)} · {escape(laid.status)} · '
        f'<span class="mark">{escape(laid.mark)}</span></p>\n<h1 dir="auto">{escape(laid.title)}</h1>\n'
    )


def _facts(laid: Layout) -> str:
    rows = [
        f'<tr><th scope="row" dir="auto">{escape(one.label)}</th><td dir="auto">{_runs(one.runs, {})}</td></tr>'
        for one in laid.facts
    ]
    return f'<table class="facts">\n{_lines(rows)}</table>\n'


def _foot(laid: Layout) -> str:
    where = f'<a href="{escape(laid.url)}" rel="noreferrer">{escape(laid.url)}</a>'
    return f'<hr>\n<p class="line">{escape(laid.made)}: {where}</p>\n</body>\n</html>\n'


def _lines(parts: Iterable[str]) -> str:
    return "".join(f"{one}\n" for one in parts)


class _Writer:
    def __init__(self, images: Images) -> None:
        self._images = images

    def blocks(self, blocks: Iterable[Block]) -> str:
        return _lines(self._block(one) for one in blocks)

    def _block(self, block: Block) -> str:  # noqa: PLR0911 (a table of kinds)
        match block:
            case Paragraph(runs):
                return f'<p dir="auto">{self._runs(runs)}</p>'
            case Heading(level, runs):
                tag = f"h{min(level + 1, 6)}"
                return f'<{tag} dir="auto">{self._runs(runs)}</{tag}>'
            case Code(text):
                return f"<pre><code>{escape(text)}</code></pre>"
            case Quote(inner):
                return f'<blockquote dir="auto">\n{self.blocks(inner)}</blockquote>'
            case Listing(items, None):
                return f"<ul>\n{_lines(map(self._item, items))}</ul>"
            case Listing(items, start):
                return f'<ol start="{start}">\n{_lines(map(self._item, items))}</ol>'
            case Table(rows):
                return self._table(rows)
            case Rule():
                return "<hr>"

    def _item(self, item: Item) -> str:
        """A single paragraph stands in its item without a space around it."""
        box = "" if item.done is None else "\u2611 " if item.done else "\u2610 "
        if item.blocks and isinstance(first := item.blocks[0], Paragraph):
            rest = self.blocks(item.blocks[1:])
            return f'<li dir="auto">{box}{self._runs(first.runs)}\n{rest}</li>'
        return f'<li dir="auto">{box}\n{self.blocks(item.blocks)}</li>'

    def _table(self, rows: tuple[tuple[Runs, ...], ...]) -> str:
        head = "".join(f'<th scope="col" dir="auto">{self._runs(cell)}</th>' for cell in rows[0])
        body = [
            "<tr>" + "".join(f'<td dir="auto">{self._runs(cell)}</td>' for cell in row) + "</tr>" for row in rows[1:]
        ]
        table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{_lines(body)}</tbody>\n</table>"
        return f'<div class="wide">{table}</div>'

    def _runs(self, runs: Runs) -> str:
        return _runs(runs, self._images)


def _runs(runs: Runs, images: Images) -> str:
    return "".join(_run(one, images) for one in runs)


def _run(run: Run, images: Images) -> str:
    if run == BREAK:
        return "<br>\n"
    if attachment := attachment_of(run):
        return _image(attachment, run.text, images)
    text = escape(run.text)
    for mark, tag in _TAGS.items():
        if mark in run.marks:
            text = f"<{tag}>{text}</{tag}>"
    return f'<a href="{escape(run.href)}" rel="nofollow noreferrer">{text}</a>' if run.href else text


def _image(attachment: str, alt: str, images: Images) -> str:
    image = images.get(attachment)
    if image is None:
        return escape(replaced(alt))
    source = f"data:{image.media_type};base64,{b64encode(image.content).decode()}"
    return f'<img src="{escape(source)}" alt="{escape(alt)}" width="{image.width}" height="{image.height}">'
