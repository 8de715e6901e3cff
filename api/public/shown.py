"""What outsiders see of a summary or a postmortem, as a page to be drawn. Previews draw the same page."""

from typing import Any
from urllib.parse import urlsplit

from api.rendering import Page
from application.sharing.public import SharedPostmortem, SharedSummary
from domain.comments.formatting import Passage
from domain.documents.placeholders import ShownFile
from domain.sharing.summary import split_title
from runtime.settings import Settings


def summary_page(summary: SharedSummary, settings: Settings, **values: Any) -> Page:
    title, below = split_title(summary.text)
    texts = {"shown": {"summary": passage(below, settings)}}
    named = {"title": title, "summary": summary, "note": None, **values}
    return Page("public/summary.html", named, texts, 200, "UTC", {})


def postmortem_page(postmortem: SharedPostmortem, settings: Settings, files: str, **values: Any) -> Page:
    """``files`` is the path below which its attachments are."""
    texts = {"shown": {one.key: passage(one.text, settings) for one in postmortem.sections if one.text}}
    named = {
        "title": postmortem.title,
        "postmortem": postmortem,
        "own_host": _own_host(settings),
        "note": None,
        **values,
    }
    shown = {
        one.id: ShownFile(one.id, f"{files}/{one.id}", one.filename, one.width, one.height)
        for one in postmortem.attachments
    }
    return Page("public/postmortem.html", named, texts, 200, "UTC", shown)


def passage(text: str, settings: Settings) -> Passage:
    return Passage(text, own_host=_own_host(settings))


def _own_host(settings: Settings) -> str:
    return urlsplit(settings.base_url).hostname or ""
