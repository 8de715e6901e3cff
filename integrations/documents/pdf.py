"""A postmortem as a tagged PDF for everyone (PDF/UA-1), set by Typst: https://typst.app/docs

The template walks the tree as data, so that no text is ever taken for markup. Typst sees a folder that holds only
the document's images, and no network. The same document gives the same bytes.

A character that no font has makes PDF/UA impossible. Then the PDF is an ordinary one, and says so. If one of the images
can't be read, none is shown.
"""

import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain, product
from pathlib import Path
from typing import Any, Literal

import fontpkg_amiri
import manimgx_fonts
import manimgx_fonts_cjk
import typst

from domain.documents.document import Document
from domain.documents.formats import Format
from domain.errors import NotExportable
from integrations.documents.layout import Layout, lay_out
from integrations.documents.texts import Image, Images, attachment_of, line, printable, reads_from_right, replaced
from integrations.text.blocks import (
    BREAK,
    Block,
    Blocks,
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

TEMPLATE = Path(__file__).with_name("postmortem.typ")
FONTS = (
    Path(manimgx_fonts.__file__).parent,
    Path(manimgx_fonts_cjk.__file__).parent,
    Path(fontpkg_amiri.__file__).parent / "files",
)
SCRIPTS = (
    *("Armenian", "Bengali", "Devanagari", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi", "Hebrew", "Kannada"),
    *("Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Symbols", "Tamil", "Telugu", "Thai"),
)
"""Of Noto Sans. Arabic is Amiri's: what Noto Sans Arabic sets reads back doubled."""
PLAIN_NOTE = (
    "This PDF isn't marked as accessible (PDF/UA), because its fonts lack some of the characters below. The HTML export"
    " shows all of them."
)
DEEPEST = 10
"""How deep blocks are nested: Typst fails on some 12 quotes, or 30 lists."""
WORD, CELL, CODE = 20, 14, 70
"""Letters after which a longer word may go on in the next line: in a text, a table's cell, and code."""
STANDARDS: tuple[Literal["ua-1"] | None, ...] = ("ua-1", None)
POINTS = 0.75
"""A pixel at 96 dots an inch."""
WIDEST, HIGHEST = 460.0, 600.0
"""Points that a page has for a picture."""
_MARKS = {Mark.STRONG: "s", Mark.EM: "e", Mark.STRIKE: "d", Mark.CODE: "c"}
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


def write(document: Document, images: Images) -> bytes:
    """Raises NotExportable."""
    laid = lay_out(document)
    usable = {key: one for key, one in images.items() if one.media_type in _ENDINGS}
    for shown, standard in product([usable, {}] if usable else [usable], STANDARDS):
        note = "" if standard else PLAIN_NOTE
        data = json.dumps(_data(document, laid, shown, note), ensure_ascii=False)
        try:
            return _set(data, shown, standard, int(document.exported_at.timestamp()))
        except typst.TypstError:
            continue
    raise NotExportable(format=Format.PDF)


def _set(data: str, images: Images, standard: Literal["ua-1"] | None, timestamp: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        for key, image in images.items():
            (Path(folder) / _file(key, image)).write_bytes(image.content)
        fonts = typst.Fonts(include_system_fonts=False, font_paths=list(FONTS))
        compiler = typst.Compiler(root=folder, font_paths=fonts)
        made = compiler.compile(
            TEMPLATE.read_bytes(),
            format="pdf",
            sys_inputs={"document": data},
            pdf_standards=standard or [],
            timestamp=timestamp,
        )
    if not isinstance(made, bytes):
        raise NotExportable(format=Format.PDF)
    return made


def _file(key: str, image: Image) -> str:
    return f"{key}.{_ENDINGS[image.media_type]}"


# The tree as data


def _data(document: Document, laid: Layout, images: Images, note: str) -> dict[str, Any]:
    names = {one.id: printable(one.name) for one in document.people}
    tree = _Tree(images)
    return {
        "title": laid.title,
        "author": [names[document.author_id]] if document.author_id in names else [],
        "keywords": [printable(one) for one in document.tags],
        "subject": f"Postmortem {laid.number}",
        "line": f"Postmortem {laid.number} · {laid.status}",
        "mark": laid.mark,
        "made": laid.made,
        "note": note,
        "fonts": _fonts(document),
        "facts": [
            {"label": tree.directed(line(one.label), CELL), "value": tree.directed(one.runs)} for one in laid.facts
        ],
        "blocks": list(tree.blocks(laid.blocks)),
    }


def _fonts(document: Document) -> list[str]:
    """Chinese, Japanese and Korean share characters that each writes in its own way: the letters that only one of
    them has tell which it is."""
    text = "".join([document.title, *(one.text or "" for one in document.sections)])
    kana, hangul = (
        any(low <= one <= high for one in text) for low, high in (("\u3040", "\u30ff"), ("\uac00", "\ud7a3"))
    )
    first = "JP" if kana else "KR" if hangul else "SC"
    others = [f"Noto Sans {one}" for one in SCRIPTS]
    return ["Noto Sans", "Amiri", f"Noto Sans CJK {first}", *others, "Noto Emoji"]


class _Tree:
    def __init__(self, images: Images) -> None:
        self._images = images

    def blocks(self, blocks: Iterable[Block], depth: int = 0) -> Iterator[dict[str, Any]]:
        for block in blocks:
            match block:
                case Paragraph(runs):
                    yield {"k": "p", **self.directed(runs)}
                case Heading(level, runs):
                    yield {"k": "h", "level": level, **self.directed(runs)}
                case Code(text):
                    yield {"k": "code", "x": "\u200b".join(_parts(text, CODE))}
                case Quote(inner):
                    quoted = self.blocks(inner, depth + 1)
                    yield from [{"k": "quote", "b": list(quoted)}] if depth < DEEPEST else quoted
                case Listing(items, start):
                    inside = [list(self.blocks(_with_box(one), depth + 1)) for one in items]
                    yield from [_listing(items, start, inside)] if depth < DEEPEST else chain.from_iterable(inside)
                case Table(rows):
                    yield {"k": "table", "rows": [[self.directed(cell, CELL) for cell in row] for row in rows]}
                case Rule():
                    yield {"k": "rule"}

    def directed(self, runs: Runs, longest: int = WORD) -> dict[str, Any]:
        side = {"rtl": True} if reads_from_right(runs) else {}
        return {"r": [self._run(one, longest) for one in runs], **side}

    def _run(self, run: Run, longest: int) -> dict[str, Any]:
        if run == BREAK:
            return {"br": True}
        if attachment := attachment_of(run):
            return self._picture(attachment, run.text)
        data = {
            "x": _parts(run.text, longest),
            "m": "".join(sign for mark, sign in _MARKS.items() if mark in run.marks),
        }
        return data | {"h": run.href} if run.href else data

    def _picture(self, attachment: str, alt: str) -> dict[str, Any]:
        image = self._images.get(attachment)
        if image is None:
            return {"x": [replaced(alt)]}
        scale = min(POINTS, WIDEST / max(image.width, 1), HIGHEST / max(image.height, 1))
        return {"image": _file(attachment, image), "alt": alt, "width": round(image.width * scale, 2)}


def _listing(items: tuple[Item, ...], start: int | None, inside: list[Any]) -> dict[str, Any]:
    if start is None:
        return {"k": "ul", "items": inside, "tasks": all(one.done is not None for one in items)}
    return {"k": "ol", "items": inside, "start": start}


def _parts(text: str, longest: int) -> list[str]:
    """The text in parts, of which none holds a longer word. A line may end at a hyphen in any case."""
    letter = r"[^\s-]"
    pattern = rf"{letter}{{{longest}}}(?={letter})|(?:(?!{letter}{{{longest}}}{letter}).)+"
    return re.findall(pattern, text, re.DOTALL) or [""]


def _with_box(item: Item) -> Blocks:
    if item.done is None:
        return item.blocks
    box = Run("\u2611 " if item.done else "\u2610 ")
    if item.blocks and isinstance(first := item.blocks[0], Paragraph):
        return (Paragraph((box, *first.runs)), *item.blocks[1:])
    return (Paragraph((box,)), *item.blocks)
