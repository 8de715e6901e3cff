"""The form of a template: rows of sections and fields, which its buttons add, move and remove.

A row is ``s.<place>.<name>`` or ``f.<place>.<name>`` in the form; ``do`` names the button: ``s.up.2``, ``f.add``.
"""

import re
from collections.abc import Mapping
from typing import Any

from domain.content.default_templates import DEFAULT
from domain.content.templates import ACTION_ITEMS, CORE, LISTS, TITLES, Template, shareable_by_default

SECTION = ("key", "title", "required", "defaultText", "prompt", "shareable")
FIELD = ("key", "label", "type", "required", "choices", "help")
MOST = 60

Row = dict[str, str]


def blank() -> dict[str, Any]:
    """A template of the standard sections, as everybody begins."""
    return filled(DEFAULT) | {"name": "", "description": ""}


def filled(content: Template) -> dict[str, Any]:
    """The form as it shows a template."""
    return {
        "name": content.name,
        "description": content.description or "",
        "team": "",
        "isDefault": False,
        "version": "",
        "sections": [
            {
                "key": one.key,
                "title": one.title,
                "required": "yes" if one.required else "",
                "defaultText": one.default_text or "",
                "prompt": one.prompt or "",
                "shareable": "yes" if one.is_shareable else "",
            }
            for one in content.sections
        ],
        "fields": [
            {
                "key": one.key,
                "label": one.label,
                "type": one.type.value,
                "required": "yes" if one.required else "",
                "choices": "\n".join(one.choices),
                "help": one.help or "",
            }
            for one in content.fields
        ],
    }


def moved(sent: Mapping[str, str]) -> dict[str, Any]:
    """The form as it was sent, with what the pressed button did to its rows."""
    rows = {"s": _rows(sent, "s", SECTION), "f": _rows(sent, "f", FIELD)}
    which, _, does = sent.get("do", "").partition(".")
    if which in rows:
        does, _, place = does.partition(".")
        _press(rows[which], does, int(place) if re.fullmatch("[0-9]{1,3}", place) else -1)
        if does == "add" and len(rows[which]) < MOST:
            rows[which].append(_new_section(sent.get("add", "")) if which == "s" else new_field())
    return {
        "name": sent.get("name", ""),
        "description": sent.get("description", ""),
        "team": sent.get("team", ""),
        "isDefault": sent.get("isDefault") == "yes",
        "version": sent.get("version", ""),
        "sections": rows["s"],
        "fields": rows["f"],
    }


def _rows(sent: Mapping[str, str], which: str, names: tuple[str, ...]) -> list[Row]:
    places = (place for place in range(MOST) if f"{which}.{place}.{names[1]}" in sent)
    return [{name: sent.get(f"{which}.{place}.{name}", "") for name in names} for place in places]


def _press(rows: list[Row], does: str, place: int) -> None:
    if not 0 <= place < len(rows):
        return
    if does == "remove":
        del rows[place]
    other = {"up": place - 1, "down": place + 1}.get(does, -1)
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]


def _new_section(key: str) -> Row:
    known = TITLES.get(key)
    shareable = "yes" if shareable_by_default(key) else ""
    return dict.fromkeys(SECTION, "") | {"key": key if known else "", "title": known or "", "shareable": shareable}


def new_sections() -> dict[str, Row]:
    """What the page can add without asking the server: a custom section under an empty key, and the standard ones that
    a template may leave out."""
    return {key: _new_section(key) for key in ("", *TITLES) if key not in CORE}


def new_field() -> Row:
    return dict.fromkeys(FIELD, "")


def sent_content(form: Mapping[str, Any]) -> dict[str, Any]:
    """What the API's door is sent. A row without a key gets one from its title, and keeps that ever after."""
    return {
        "name": form["name"],
        "description": form["description"],
        "isDefault": form["isDefault"],
        "sections": [
            {
                "key": one["key"] or _key(one["title"], f"section{place + 1}"),
                "title": one["title"],
                "required": bool(one["required"]),
                "defaultText": None if one["key"] in LISTS else one["defaultText"],
                "prompt": one["prompt"],
                "shareable": bool(one["shareable"]) or one["key"] == ACTION_ITEMS,
            }
            for place, one in enumerate(form["sections"])
        ],
        "customFields": [
            {
                "key": one["key"] or _key(one["label"], f"field{place + 1}"),
                "label": one["label"],
                "type": one["type"],
                "required": bool(one["required"]),
                "choices": [line.strip() for line in one["choices"].split("\n") if line.strip()],
                "help": one["help"],
            }
            for place, one in enumerate(form["fields"])
        ],
    }


def _key(title: str, otherwise: str) -> str:
    words = re.findall("[A-Za-z0-9]+", title)
    key = "".join(one.lower() if place == 0 else one.capitalize() for place, one in enumerate(words))[:40]
    return key if re.match("[a-z]", key) else otherwise
