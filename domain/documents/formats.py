"""The formats of an export, and what the file of one is called."""

import re
import unicodedata
from enum import StrEnum


class Format(StrEnum):
    """By the ending of its files."""

    PDF = "pdf"
    WORD = "docx"
    HTML = "html"
    MARKDOWN = "md"
    JSON = "json"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]

    @property
    def label(self) -> str:
        """As people know it."""
        return _LABELS[self]


_LABELS = {
    Format.PDF: "PDF",
    Format.MARKDOWN: "Markdown",
    Format.HTML: "HTML",
    Format.JSON: "JSON",
    Format.WORD: "Word",
}
_MEDIA_TYPES = {
    Format.PDF: "application/pdf",
    Format.MARKDOWN: "text/markdown; charset=utf-8",
    Format.HTML: "text/html; charset=utf-8",
    Format.JSON: "application/json",
    Format.WORD: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
LONGEST = 60
"""Characters of a title that become part of a file's name."""


def file_name(number: int, title: str, kind: Format) -> str:
    """``postmortem-12-checkout-failed.pdf``: letters and digits of any script, with dashes between."""
    words = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", title).lower())[:LONGEST].strip("-")
    return f"postmortem-{number}-{words}.{kind}" if words else f"postmortem-{number}.{kind}"


def plain_file_name(number: int, title: str, kind: Format) -> str:
    """The same in ASCII, for programs that know no other letters."""
    letters = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return file_name(number, letters, kind)
