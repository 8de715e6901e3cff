"""PDFs read back: order, bookmarks, tags, every script, hostile texts, and nothing from outside."""

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pdfua
import pypdfium2
import pytest
import typst
from pypdf import PdfReader

from domain.access import Visibility
from domain.errors import NotExportable
from integrations.documents import pdf
from integrations.documents.texts import Image
from tests.cli.running import ROOT
from tests.integrations.documents.samples import IMAGES, SCRIPTS, sample

HOSTILE = {
    "code of Typst": '#panic("x") #import "@preview/a:0.1.0" $x$ @foo <bar> \\ [*b*] _c_ "d" -- // /* ` = h',
    "a file": '#read("/etc/passwd") #image("/etc/passwd") ![x](file:///etc/passwd) ![y](/etc/passwd)',
    "40 nested lists": "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(40)),
    "60 nested quotes": f"{'>' * 60} deep",
    "200 kB of words": "word " * 40_000,
    "200 kB without a blank": "x" * 200_000,
    "200 kB of code": f"```\n{'y' * 199_000}\n```",
    "a long word in a table": f"| a | b |\n| --- | --- |\n| {'q' * 500} | r |",
    "control characters": "a\x01b\x1bc\ufeffd\u202ee\u2028f\uffffg",
    "nothing": "",
    "headings only": "###### six\n\n# one\n\n#\n\n### three",
}


def reader(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def text_of(content: bytes) -> str:
    """As a viewer copies it: letters of every script in the order in which they are read."""
    document = pypdfium2.PdfDocument(content)
    try:
        return "\n".join(page.get_textpage().get_text_range() for page in document).replace("\r\n", "\n")
    finally:
        document.close()


def tags(content: bytes) -> set[str]:
    """The types of all elements in the tree of its structure."""
    found: set[str] = set()

    def visit(node: Any) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for one in node:
                visit(one)
        elif isinstance(node, dict):
            if "/S" in node:
                found.add(str(node["/S"]))
            visit(node.get("/K", []))

    visit(reader(content).trailer["/Root"]["/StructTreeRoot"])
    return found


def bookmarks(content: bytes) -> Iterator[str]:
    def flat(outline: Any) -> Iterator[str]:
        for one in outline:
            yield from flat(one) if isinstance(one, list) else [str(one.title)]

    return flat(reader(content).outline)


def is_accessible(content: bytes) -> bool:
    return b"pdfuaid:part" in reader(content).trailer["/Root"]["/Metadata"].get_object().get_data()


@pytest.fixture(scope="module")
def written() -> bytes:
    return pdf.write(sample(), IMAGES)


def test_it_says_everything_in_its_order(written: bytes) -> None:
    text = text_of(written)
    said = ["The checkout failed", "Jane Doe", "Contents", "Raised the limit", "nested", "quoted", "#panic $x$ @foo"]
    said += ["elsewhere", "[1] Said later.", "Alert triggered", "2026-11-29, time unknown", "acme/api#12", "Why so?"]
    places = [text.find(one) for one in said]
    assert -1 not in places, dict(zip(said, places, strict=True))
    assert places == sorted(places)
    assert "2,300" in text
    assert "12,500.00 USD" in text


def test_it_is_tagged_for_everyone(written: bytes) -> None:
    root = reader(written).trailer["/Root"]
    assert is_accessible(written)
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("en")
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert {
        "/H1",
        "/H2",
        "/P",
        "/L",
        "/LI",
        "/Table",
        "/TH",
        "/TD",
        "/BlockQuote",
        "/Code",
        "/Link",
        "/Figure",
    } <= tags(written)
    about = reader(written).metadata
    assert about is not None
    assert (about.title, about.author, about.subject) == (
        'The checkout failed: "all" of it',
        "Jane Doe",
        "Postmortem #17",
    )


def findings(content: bytes, folder: Path) -> set[str]:
    """What a judge that nobody here wrote finds wrong. The one rule that it can't evaluate here fails inside of it."""
    path = folder / "judged.pdf"
    path.write_bytes(content)
    return {f"{one.rule_id}: {one.message}" for one in pdfua.validate(str(path)).findings}


def test_a_judge_of_accessible_documents_finds_nothing(written: bytes, tmp_path: Path) -> None:
    assert not findings(written, tmp_path)
    assert not findings(pdf.write(sample("\n\n".join(SCRIPTS.values())), IMAGES), tmp_path)


def test_the_judge_finds_a_table_without_headers_and_a_document_without_tags(tmp_path: Path) -> None:
    compiled = typst.compile(b"#set document(title: [x])\n#table(columns: 2, ..range(8).map(str))", format="pdf")
    assert any("UA-15-003" in one for one in findings(compiled, tmp_path))
    bare = typst.compile(b"= x", format="pdf", pdf_tags=False)
    assert findings(bare, tmp_path)


def test_it_has_bookmarks_page_numbers_and_a_mark(written: bytes) -> None:
    assert list(bookmarks(written)) == [
        *("Summary", "What broke", "In detail", "Timeline", "Impact", "Root cause", "Resolution", "Action items"),
        *("Alert at 80 %", "Comments", "Summary"),
    ]
    pages = [page.extract_text() for page in reader(written).pages]
    for number, page in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in page
        assert "Private: do not forward" in page
        assert "Postmortem #17 · Published" in page
    assert "do not forward" not in text_of(pdf.write(sample(visibility=Visibility.ORGANIZATION), {}))


def test_only_what_may_be_seen_is_a_link(written: bytes) -> None:
    links = [
        one.get_object()["/A"]["/URI"]
        for page in reader(written).pages
        for one in page.get("/Annots", [])
        if "/A" in one.get_object() and "/URI" in one.get_object()["/A"]
    ]
    assert links.count("http://afterword.example/postmortems/pm_12") == 1
    assert "https://elsewhere.example/x.png" in links


def test_an_image_is_shown_with_its_words_or_replaced_by_them(written: bytes) -> None:
    assert sum(len(page.images) for page in reader(written).pages) == 1
    assert "(image: the graph)" not in text_of(written)
    without = pdf.write(sample(), {})
    assert "(image: the graph)" in text_of(without)
    broken = pdf.write(sample(), {"att_1": Image("image/png", b"no picture", 10, 10)})
    assert "(image: the graph)" in text_of(broken)
    assert is_accessible(broken)


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_reads_back(script: str) -> None:
    content = pdf.write(sample(SCRIPTS[script], title=f"Title {SCRIPTS[script]}"), {})
    assert is_accessible(content)
    assert SCRIPTS[script] in text_of(content)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_is_more_than_text(name: str, tmp_path: Path) -> None:
    content = pdf.write(sample(HOSTILE[name]), {})
    assert is_accessible(content)
    assert not findings(content, tmp_path)
    text = text_of(content)
    if name == "code of Typst":
        assert '#panic("x") #import "@preview/a:0.1.0" $x$ @foo <bar>' in text
    if name == "40 nested lists":
        assert "level 39" in text
    if name == "a file":
        assert "root:" not in text
        assert '#read("/etc/passwd")' in text
    if name == "200 kB without a blank":
        assert text.count("x") >= 200_000


@pytest.mark.parametrize("name", ["title", "tags", "root_cause_category"])
def test_no_fact_is_more_than_text(name: str) -> None:
    words = HOSTILE["code of Typst"]
    content = pdf.write(sample(**{name: (words,) if name == "tags" else words}), {})
    assert "@preview/a" in text_of(content)


def test_a_character_without_a_glyph_makes_it_an_ordinary_pdf_that_says_so() -> None:
    content = pdf.write(sample("Hieroglyphs: \U00013000"), {})
    assert not is_accessible(content)
    assert "isn't marked as accessible (PDF/UA)" in " ".join(text_of(content).split())
    assert "isn't marked" not in text_of(pdf.write(sample(), {}))


def test_the_same_document_gives_the_same_bytes(written: bytes) -> None:
    assert pdf.write(sample(), IMAGES) == written
    later = sample(exported_at=sample().exported_at.replace(minute=3))
    assert pdf.write(later, IMAGES) != written


def test_its_folder_holds_only_its_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link in it would be followed, so there is none; and what Typst is given names no other folder."""
    seen: list[tuple[list[str], dict[str, Any]]] = []
    real = pdf.typst.Compiler

    def watched(**given: Any) -> Any:
        seen.append((sorted(one.name for one in Path(given["root"]).iterdir()), given))
        return real(**given)

    monkeypatch.setattr(pdf.typst, "Compiler", watched)
    pdf.write(sample(), {})
    pdf.write(sample(), IMAGES)
    assert [names for names, _ in seen] == [[], ["att_1.png"]]
    assert all(given.keys() == {"root", "font_paths"} for _, given in seen)


def test_it_asks_for_nothing() -> None:
    """Written without a network, under a strace of Python's own: every opened file and every connection is told."""
    script = (
        "import sys, builtins\n"
        "from integrations.documents import pdf\n"
        "from tests.integrations.documents.samples import sample\n"
        "told = []\n"
        "sys.addaudithook(lambda event, args: told.append((event, str(args))) if event.split('.')[0] in"
        " {'socket', 'subprocess'} else None)\n"
        "pdf.write(sample(), {})\n"
        "print(told)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_cannot_be_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "TEMPLATE", ROOT / "README.md")
    broken = replace(sample(), title="x")
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"#panic()")
    with pytest.raises(NotExportable):
        pdf.write(broken, {})
