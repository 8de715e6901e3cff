"""Word documents read back."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pypandoc
import pytest
from docx.oxml.ns import qn

from integrations.documents import word
from tests.integrations.documents.samples import IMAGES, NOW, SCRIPTS, sample


def opened(content: bytes) -> Any:
    return docx.Document(io.BytesIO(content))


@pytest.fixture(scope="module")
def written() -> Any:
    return opened(word.write(sample(), IMAGES))


def styled(document: Any, style: str) -> list[str]:
    return [one.text for one in document.paragraphs if one.style.name == style]


def test_it_has_real_headings_lists_tables_and_code(written: Any) -> None:
    titles = ["Summary", "Timeline", "Impact", "Root cause", "Resolution", "Action items", "Comments"]
    assert styled(written, "Heading 1") == titles
    assert styled(written, "Heading 2") == ["What broke", "Alert at 80 %", "Summary"]
    assert styled(written, "Heading 3") == ["In detail"]
    assert styled(written, "Title") == [sample().title]
    assert styled(written, "List Paragraph") == ["\u2611 alert", "\u2610 find out", "nested", "third", "fourth"]
    assert styled(written, "Quote") == ["quoted", "Jane Doe, Nov 29, 2026, 1:02 PM UTC", "Because."]
    assert styled(written, word.CODE) == ['print("#panic $x$ @foo \\\\ _a_")']
    facts, steps, timeline, items = written.tables
    assert [cell.text for cell in facts.rows[2].cells] == ["Author", "Jane Doe"]
    assert [[cell.text for cell in row.cells] for row in steps.rows] == [["step", "action"], ["1", "Raised the limit"]]
    assert timeline.rows[2].cells[0].text == "2026-11-29, time unknown"
    assert items.rows[1].cells[5].text == "acme/api#12 (open)"


def test_each_numbered_list_begins_with_its_number(written: Any) -> None:
    lists = [one for one in written.paragraphs if one.text in {"nested", "third", "fourth"}]
    numbers = [one._p.pPr.numPr.numId.val for one in lists]
    assert numbers[0] != numbers[1] == numbers[2]
    numbering = written.part.numbering_part.element
    pattern = {one.numId: one.abstractNumId.val for one in numbering.num_lst}[numbers[1]]
    (found,) = [one for one in numbering.findall(qn("w:abstractNum")) if one.get(qn("w:abstractNumId")) == str(pattern)]
    assert found.find(qn("w:lvl")).find(qn("w:start")).get(qn("w:val")) == "3"


def test_it_has_properties_links_and_a_mark(written: Any) -> None:
    about = written.core_properties
    assert (about.title, about.author, about.subject) == (sample().title, "Jane Doe", "Postmortem #17")
    assert (about.keywords, about.language) == ("pool, checkout", "en-US")
    assert about.created.replace(tzinfo=NOW.tzinfo) == NOW
    links = [one.target_ref for one in written.part.rels.values() if one.is_external]
    assert "http://afterword.example/postmortems/pm_12" in links
    assert not [one for one in links if "pm_13" in one]
    assert "Private: do not forward" in written.sections[0].header.paragraphs[0].text


def test_an_image_is_shown_with_its_words_or_replaced_by_them(written: Any) -> None:
    (shape,) = written.inline_shapes
    assert shape._inline.docPr.get("descr") == "the graph"
    without = opened(word.write(sample(), {}))
    assert not without.inline_shapes
    assert any("(image: the graph)" in one.text for one in without.paragraphs)


@pytest.mark.parametrize("text", [*SCRIPTS.values(), "a\x01b\ufeff", "<w:p/> & ]]>", "x" * 20_000, ">" * 60 + " a"])
def test_every_text_can_be_written(text: str) -> None:
    read = "\n".join(one.text for one in opened(word.write(sample(text), {})).paragraphs)
    assert text.replace("\x01", "").replace("\ufeff", "").lstrip("> ")[-20:] in read


def test_deep_lists_stay_lists() -> None:
    text = "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(9))
    read = opened(word.write(sample(text), {}))
    levels = [one._p.pPr.numPr.ilvl.val for one in read.paragraphs if one.text.startswith("level ")]
    assert levels == list(range(9))


def test_what_reads_from_the_right_is_marked() -> None:
    read = opened(word.write(sample(SCRIPTS["Hebrew"]), {}))
    (found,) = [one for one in read.paragraphs if one.text == SCRIPTS["Hebrew"]]
    assert found._p.pPr.find(qn("w:bidi")) is not None


# Read by pandoc


@pytest.fixture
def judged(tmp_path: Path) -> list[Any]:
    """The blocks of the document as pandoc understands it."""
    path = tmp_path / "postmortem.docx"
    path.write_bytes(word.write(sample(), IMAGES))
    return list(json.loads(pypandoc.convert_file(str(path), "json"))["blocks"])


def parts(node: Any, kind: str) -> Iterator[Any]:
    """The contents of all parts of a kind, in their order."""
    if isinstance(node, dict):
        if node.get("t") == kind:
            yield node.get("c")
        yield from parts(node.get("c"), kind)
    elif isinstance(node, list):
        for one in node:
            yield from parts(one, kind)


def words(node: Any) -> str:
    """What a reader sees of it."""
    if isinstance(node, list):
        return "".join(words(one) for one in node)
    if not isinstance(node, dict):
        return ""
    if node["t"] in {"Str", "Code", "CodeBlock"}:
        return str(node["c"] if node["t"] == "Str" else node["c"][1])
    return " " if node["t"] in {"Space", "SoftBreak"} else words(node.get("c"))


def test_pandoc_reads_headings_lists_code_quotes_and_pictures(judged: list[Any]) -> None:
    assert [(level, words(text)) for level, _, text in parts(judged, "Header")] == [
        *((1, "Summary"), (2, "What broke"), (3, "In detail"), (1, "Timeline"), (1, "Impact"), (1, "Root cause")),
        *((1, "Resolution"), (1, "Action items"), (2, "Alert at 80 %"), (1, "Comments"), (2, "Summary")),
    ]
    assert [(list_of[0][0], [words(one) for one in list_of[1]]) for list_of in parts(judged, "OrderedList")] == [
        (1, ["nested"]),
        (3, ["third", "fourth"]),
    ]
    assert next(words(one) for one in next(parts(judged, "BulletList"))) == "\u2611 alert"
    assert [text for _, text in parts(judged, "CodeBlock")] == ['print("#panic $x$ @foo \\\\ _a_")']
    assert [text for _, text in parts(judged, "Code")] == ["#12"]
    assert [words(one) for one in parts(judged, "Strong")][-2:] == ["so", "Jane Doe"]
    assert [words(one) for one in parts(judged, "Strikeout")] == ["twice"]
    assert [words(one) for one in parts(judged, "BlockQuote")][-1].endswith("Because.")
    ((_, alt, _),) = parts(judged, "Image")
    assert words(alt) == "the graph"
    assert "https://elsewhere.example/x.png" in [target for _, _, (target, _) in parts(judged, "Link")]


def test_pandoc_reads_tables_and_their_headers(judged: list[Any]) -> None:
    def read(rows: Any) -> list[list[str]]:
        return [[words(cell[4]) for cell in row[1]] for row in rows]

    tables = [(read(head[1]), read(bodies[0][3])) for _, _, _, head, bodies, _ in parts(judged, "Table")]
    (facts, steps, timeline, items) = tables
    assert facts[0] == []
    assert facts[1][0] == ["Status", "Published"]
    assert steps == ([["step", "action"]], [["1", "Raised the limit"]])
    assert timeline[0] == [["Time (UTC)", "Event", "Type", "Who"]]
    assert timeline[1][1] == ["2026-11-29, time unknown", "Called | Bob", "Other", ""]
    assert items[1] == [["Alert at 80 %", "Jane Doe", "Dec 1, 2026", "High", "Open, overdue", "acme/api#12 (open)"]]
