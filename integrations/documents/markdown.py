"""A postmortem as GitHub's Markdown, with its facts as YAML front matter.

An image is inlined at the end of the file, so that the text stays readable; without one, its alt text stands there.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import yaml

from domain.documents.document import Document
from integrations.documents.layout import STRONG, Layout, lay_out
from integrations.documents.texts import Images, attachment_of, printable, replaced
from integrations.text.blocks import (
    Block,
    Blocks,
    Heading,
    Item,
    Listing,
    Paragraph,
    Run,
    Runs,
    normal_blocks,
    with_runs,
)
from integrations.text.markdown_writer import write as write_blocks

_TAG = re.compile(r"<(?=[A-Za-z/!?])")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def write(document: Document, images: Images) -> bytes:
    return write_layout(document, lay_out(document), images).encode()


def write_layout(document: Document, laid: Layout, images: Images) -> str:
    signs = _Signs(images, laid.blocks)
    whole = normal_blocks((*_opening(laid), *with_runs(tuple(_lowered(laid.blocks)), signs.change)))
    text = f"---\n{_front_matter(document)}---\n\n{write_blocks(whole)}\n"
    return signs.restored(text)


def _opening(laid: Layout) -> Iterator[Block]:
    yield Heading(1, (Run(laid.title),))
    yield Paragraph((Run(laid.mark, STRONG),))
    yield facts(laid)


def facts(laid: Layout) -> Listing:
    """As a list: in bold what each is about."""
    items = (Item((Paragraph((Run(f"{one.label}:", STRONG), Run(" "), *one.runs)),)) for one in laid.facts)
    return Listing(tuple(items))


def _lowered(blocks: Blocks) -> Iterator[Block]:
    """The title is the only heading of the first level."""
    for block in blocks:
        yield Heading(min(block.level + 1, 6), block.runs) if isinstance(block, Heading) else block


def _front_matter(document: Document) -> str:
    names = {one.id: one.name for one in document.people}
    told: dict[str, Any] = {
        "title": document.title,
        "number": document.number,
        "id": document.id,
        "url": document.url,
        "status": document.status.value,
        "visibility": document.visibility.value,
        "author": names.get(document.author_id or ""),
        "teams": [one.name for one in document.teams],
        "services": [one.name for one in document.services],
        "incidents": [f"{one.source}:{one.external_id}" for one in document.incidents],
        "tags": list(document.tags),
        "rootCauseCategory": document.root_cause_category,
        "durationMinutes": document.duration_minutes,
        "impactMetrics": dict(document.impact_metrics),
        "customFields": {one.key: one.value for one in document.custom_fields if one.value is not None},
        "createdAt": document.created_at,
        "publishedAt": document.published_at,
        "exportedAt": document.exported_at,
    }
    kept = {name: _printable(value) for name, value in told.items() if value not in (None, [], {})}
    text: str = yaml.dump(kept, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    return text


def _printable(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case list():
            return [_printable(one) for one in value]
        case dict():
            return {name: _printable(one) for name, one in value.items()}
    return value


class _Signs:
    """Keeps a sign in the tree where a picture stands, or what another program takes for HTML, such as a comment that
    nobody ends; the file gets what it stands for once it is written."""

    def __init__(self, images: Images, blocks: Blocks) -> None:
        self._images = images
        self._sign = "sign"
        text = repr(blocks)
        while self._sign in text:
            self._sign += "x"
        self._pictures: list[tuple[str, str]] = []

    def change(self, runs: Runs) -> Runs:
        return tuple(self._changed(run) for run in runs)

    def _changed(self, run: Run) -> Run:
        attachment = attachment_of(run)
        if attachment is None:
            return run if run.is_code else replace(run, text=_TAG.sub(f"{self._sign}t", run.text))
        if attachment not in self._images:
            return Run(replaced(run.text), run.marks)
        self._pictures.append((attachment, run.text))
        return replace(run, text=f"{self._sign}{len(self._pictures)}e", href=None)

    def restored(self, text: str) -> str:
        text = text.replace(f"{self._sign}t", "\\<")
        for place, (attachment, alt) in enumerate(self._pictures, 1):
            words = re.sub(r"([\\\[\]])", r"\\\1", alt)
            text = text.replace(f"{self._sign}{place}e", f"![{words}][{attachment}]")
        for attachment in dict.fromkeys(one for one, _ in self._pictures):
            image = self._images[attachment]
            text += f"\n[{attachment}]: data:{image.media_type};base64,{b64encode(image.content).decode()}\n"
        return text
