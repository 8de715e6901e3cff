"""The writers by their formats. One is imported only where it runs, since some load fonts and native libraries."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from domain.documents.document import Document
from domain.documents.formats import Format
from integrations.documents.texts import Images

_MODULES = {
    Format.PDF: "pdf",
    Format.MARKDOWN: "markdown",
    Format.HTML: "html",
    Format.JSON: "json",
    Format.WORD: "word",
}


def write(kind: Format, document: Document, images: Images) -> bytes:
    """The file. Raises NotExportable."""
    written: bytes = import_module(f"integrations.documents.{_MODULES[kind]}").write(document, images)
    return written


def write_many(wanted: Sequence[tuple[Format, Document, Images]]) -> list[bytes]:
    """The files, one after the other in this process. Raises NotExportable for all if one can't be written."""
    return [write(*one) for one in wanted]


def json_schema() -> dict[str, Any]:
    """The schema of the JSON format. The first call builds its shapes, which takes a while: not on the event loop."""
    schema: dict[str, Any] = import_module("integrations.documents.json").json_schema()
    return schema
