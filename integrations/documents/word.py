"""A postmortem as a Word document (Office Open XML): real headings, lists, tables, links, and properties."""

import io
from collections.abc import Iterable
from typing import Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Pt, RGBColor
from docx.text.paragraph import Paragraph as TextParagraph

from domain.documents.document import Document
from integrations.documents.layout import Layout, lay_out
from integrations.documents.texts import Images, attachment_of, reads_from_right, replaced
from integrations.text.blocks import (
    BREAK,
    Block,
    Code,
    Heading,
    Listing,
    Mark,
    Paragraph,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)

DEEPEST = 9
"""Levels that a list in Word has."""
STEP = 360
"""A twentieth of a point: how far a level is indented."""
MONO = "Consolas"
LETTER = 7_772_400
"""The width of a page, in English Metric Units."""
CODE, INLINE = "Source Code", "Verbatim Char"
"""By these names, pandoc and the editors that are built on it take code for code."""
PIXEL = 9525
"""English Metric Units, of which a picture's size is made, at 96 dots an inch."""


def write(document: Document, images: Images) -> bytes:
    laid = lay_out(document)
    writer = _Writer(images)
    writer.set_properties(document, laid)
    writer.opening(laid)
    writer.blocks(laid.blocks)
    writer.closing(laid)
    out = io.BytesIO()
    writer.file.save(out)
    return out.getvalue()


class _Writer:
    def __init__(self, images: Images) -> None:
        self.file = docx.Document()
        self._images = images
        self._bullets: str | None = None
        section = self.file.sections[0]
        sides = (section.left_margin or 0) + (section.right_margin or 0)
        self._width = int((section.page_width or LETTER) - sides)
        self._add_styles()

    def _add_styles(self) -> None:
        styles = self.file.styles
        styles["Normal"].font.name = "Calibri"
        styles["Normal"].font.size = Pt(11)
        styles["Quote"].paragraph_format.left_indent = Pt(STEP / 20)
        code = styles.add_style(CODE, WD_STYLE_TYPE.PARAGRAPH)
        code.font.name, code.font.size = MONO, Pt(9)
        code.paragraph_format.space_after = Pt(6)
        _shade(code.element.get_or_add_pPr(), "F4F6F8")
        inline = styles.add_style(INLINE, WD_STYLE_TYPE.CHARACTER)
        inline.font.name, inline.font.size = MONO, Pt(9.5)
        link = styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER)
        link.font.color.rgb, link.font.underline = RGBColor(0x0B, 0x57, 0xD0), True

    def set_properties(self, document: Document, laid: Layout) -> None:
        names = {one.id: one.name for one in document.people}
        properties = self.file.core_properties
        properties.title = laid.title[:255]
        properties.subject = f"Postmortem {laid.number}"
        properties.author = _plain(names.get(document.author_id or "", "Afterword"))[:255]
        properties.keywords = _plain(", ".join(document.tags))[:255]
        properties.comments = laid.mark
        properties.language = "en-US"
        properties.created = properties.modified = document.exported_at.replace(tzinfo=None)

    def opening(self, laid: Layout) -> None:
        header = self.file.sections[0].header.paragraphs[0]
        header.text = f"Postmortem {laid.number} · {laid.status} · {laid.mark}"
        self.file.add_heading(laid.title, 0)
        table = self.file.add_table(rows=0, cols=2, style="Table Grid")
        table._tbl.tblPr.find(qn("w:tblLook")).set(qn("w:firstRow"), "0")  # noqa: SLF001 - the first fact is no header
        for fact in laid.facts:
            label, value = table.add_row().cells
            self._runs(label.paragraphs[0], (Run(fact.label, frozenset({Mark.STRONG})),))
            self._runs(value.paragraphs[0], fact.runs)
        for row in table.rows:
            row.cells[0].width, row.cells[1].width = Emu(self._width // 4), Emu(self._width * 3 // 4)

    def closing(self, laid: Layout) -> None:
        footer = self.file.sections[0].footer.paragraphs[0]
        self._runs(footer, (Run(f"{laid.made}: "), Run(laid.url, frozenset(), laid.url)))

    # Blocks

    def blocks(self, blocks: Iterable[Block], indent: int = 0, depth: int = 0) -> None:
        """``indent`` in steps, ``depth`` in lists."""
        for block in blocks:
            self._block(block, indent, depth)

    def _block(self, block: Block, indent: int, depth: int) -> None:
        match block:
            case Paragraph(runs):
                self._paragraph(runs, "Normal", indent)
            case Heading(level, runs):
                self._paragraph(runs, f"Heading {min(level, 9)}", indent)
            case Code(text):
                self._paragraph(_lines(text), CODE, indent)
            case Quote(inner):
                for one in inner:
                    if isinstance(one, Paragraph):
                        self._paragraph(one.runs, "Quote", indent + 1 if indent else 0)
                    else:
                        self._block(one, indent + 1, depth)
            case Listing():
                self._list(block, indent, depth)
            case Table(rows):
                self._table(rows)
            case Rule():
                _border(self.file.add_paragraph())

    def _paragraph(self, runs: Runs, style: str, indent: int = 0) -> Any:
        paragraph = self.file.add_paragraph(style=style)
        if indent:
            paragraph.paragraph_format.left_indent = Pt(indent * STEP / 20)
        self._runs(paragraph, runs)
        return paragraph

    def _list(self, listing: Listing, indent: int, depth: int) -> None:
        level = min(depth, DEEPEST - 1)
        number = self._numbering(listing.start)
        for item in listing.items:
            box = () if item.done is None else (Run("\u2611 " if item.done else "\u2610 "),)
            first = item.blocks[0] if item.blocks and isinstance(item.blocks[0], Paragraph) else None
            runs = (*box, *first.runs) if isinstance(first, Paragraph) else box
            paragraph = self._paragraph(runs, "List Paragraph")
            _number(paragraph, number, level)
            paragraph.paragraph_format.left_indent = Pt((indent + level + 1) * STEP / 20)
            paragraph.paragraph_format.first_line_indent = Pt(-STEP / 20)
            self.blocks(item.blocks[1:] if first else item.blocks, indent + 1, depth + 1)

    def _numbering(self, start: int | None) -> str:
        """The id of a list; each numbered one begins anew."""
        if start is None and self._bullets:
            return self._bullets
        numbering = self.file.part.numbering_part.element
        known = [int(one.get(qn("w:abstractNumId"))) for one in numbering.findall(qn("w:abstractNum"))]
        pattern = str(max(known, default=0) + 1)
        numbering.insert(0, _pattern(pattern, start))
        number: str = str(numbering.add_num(int(pattern)).numId)
        if start is None:
            self._bullets = number
        return number

    def _table(self, rows: tuple[tuple[Runs, ...], ...]) -> None:
        table = self.file.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
        for row, cells in zip(table._tbl.tr_lst, rows, strict=True):  # noqa: SLF001 - its own way takes a second for 1,000 rows
            for cell, runs in zip(row.tc_lst, cells, strict=True):
                strong = tuple(_strong(one) for one in runs) if cells is rows[0] else runs
                self._runs(TextParagraph(cell.p_lst[0], table), strong)
        _repeat(table.rows[0])
        self.file.add_paragraph()

    # Runs

    def _runs(self, paragraph: Any, runs: Runs) -> None:
        if reads_from_right(runs):
            _set(paragraph._p.get_or_add_pPr(), "w:bidi")  # noqa: SLF001 - python-docx has no name for it
        for run in runs:
            attachment = attachment_of(run)
            if attachment:
                self._picture(paragraph, attachment, run.text)
            elif run.href:
                self._link(paragraph, run)
            else:
                _look(paragraph.add_run(), run)

    def _picture(self, paragraph: Any, attachment: str, alt: str) -> None:
        image = self._images.get(attachment)
        if image is None:
            paragraph.add_run(replaced(alt))
            return
        width = Emu(min(image.width * PIXEL, self._width))
        shape = paragraph.add_run().add_picture(io.BytesIO(image.content), width=width)
        shape._inline.docPr.set("descr", alt)  # noqa: SLF001

    def _link(self, paragraph: Any, run: Run) -> None:
        link = OxmlElement("w:hyperlink")
        link.set(qn("r:id"), paragraph.part.relate_to(run.href, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
        shown = paragraph.add_run()
        _look(shown, run)
        if not run.is_code:
            shown.style = "Hyperlink"
        paragraph._p.remove(shown._r)  # noqa: SLF001
        link.append(shown._r)  # noqa: SLF001
        paragraph._p.append(link)  # noqa: SLF001


def _lines(text: str) -> Runs:
    runs: list[Run] = []
    for place, one in enumerate(text.split("\n")):
        runs += [BREAK, Run(one)] if place else [Run(one)]
    return tuple(runs)


def _look(shown: Any, run: Run) -> None:
    if run == BREAK:
        shown.add_break()
        return
    shown.text = run.text
    if run.is_code:
        shown.style = INLINE
    shown.bold = True if Mark.STRONG in run.marks else None
    shown.italic = True if Mark.EM in run.marks else None
    shown.font.strike = True if Mark.STRIKE in run.marks else None


def _strong(run: Run) -> Run:
    return run if run.is_code or run == BREAK else Run(run.text, run.marks | {Mark.STRONG}, run.href)


def _plain(text: str) -> str:
    return " ".join(text.split())


# What python-docx has no name for


def _set(parent: Any, tag: str, **attributes: str) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    parent.append(element)
    return element


def _shade(properties: Any, color: str) -> None:
    _set(properties, "w:shd", val="clear", color="auto", fill=color)


def _border(paragraph: Any) -> None:
    borders = _set(paragraph._p.get_or_add_pPr(), "w:pBdr")  # noqa: SLF001
    _set(borders, "w:bottom", val="single", sz="6", space="1", color="C3C9D0")


def _repeat(row: Any) -> None:
    """The row is repeated on every page."""
    _set(row._tr.get_or_add_trPr(), "w:tblHeader")  # noqa: SLF001


def _number(paragraph: Any, number: str, level: int) -> None:
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()  # noqa: SLF001
    properties.get_or_add_ilvl().val = level
    properties.get_or_add_numId().val = int(number)


def _pattern(key: str, start: int | None) -> Any:
    """The signs before the items of a list, for each level."""
    pattern = OxmlElement("w:abstractNum")
    pattern.set(qn("w:abstractNumId"), key)
    _set(pattern, "w:multiLevelType", val="hybridMultilevel")
    for level in range(DEEPEST):
        one = _set(pattern, "w:lvl", ilvl=str(level))
        _set(one, "w:start", val=str(1 if start is None else start))
        _set(one, "w:numFmt", val="bullet" if start is None else "decimal")
        _set(one, "w:lvlText", val="\u2022" if start is None else f"%{level + 1}.")
        _set(one, "w:lvlJc", val="left")
        indent = _set(one, "w:pPr")
        _set(indent, "w:ind", left=str((level + 1) * STEP), hanging=str(STEP))
    return pattern
