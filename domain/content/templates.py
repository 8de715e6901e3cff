"""Templates: which sections a postmortem has, in which order, and what must be filled before it is handed in.

A version of a template never changes; a postmortem keeps the one that it began with. Source: "Templates" and
"Postmortem Fields" of the product document.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.content.blank_text import is_blank
from domain.content.custom_fields import CustomField, FieldType
from domain.errors import Fact, InvalidTemplate, SectionNotInTemplate, reason

TIMELINE, ACTION_ITEMS = "timeline", "actionItems"

TITLES = {
    "summary": "Summary",
    TIMELINE: "Timeline",
    "impact": "Impact",
    "rootCause": "Root cause",
    "resolution": "Resolution",
    ACTION_ITEMS: "Action items",
    "lessonsLearned": "Lessons learned",
    "contributingFactors": "Contributing factors",
    "detection": "Detection",
    "response": "Response",
}
"""The standard sections by their names on the wire, in the order of the product document."""

CORE = ("summary", TIMELINE, "impact", "rootCause", "resolution", ACTION_ITEMS)
"""Required by the product document. A template may make them optional, never leave them out."""

SHAREABLE_BY_DEFAULT = frozenset(TITLES) - {"response"}

LISTS = frozenset({TIMELINE, ACTION_ITEMS})
"""Filled by entries, not by a text."""


@dataclass(frozen=True, slots=True)
class Section:
    """``default_text`` is Markdown that a postmortem begins with; ``prompt`` is only shown while editing.

    ``shareable`` is None unless it differs from what :func:`shareable_by_default` says.
    """

    key: str
    title: str
    required: bool = False
    default_text: str | None = None
    prompt: str | None = None
    shareable: bool | None = None

    @property
    def is_standard(self) -> bool:
        return self.key in TITLES

    @property
    def is_shareable(self) -> bool:
        """Whether a link to the whole postmortem shows it to outsiders. Action items are never shown, whatever this
        says."""
        return shareable_by_default(self.key) if self.shareable is None else self.shareable


def shareable_by_default(key: str) -> bool:
    """The standard sections but the response, which speaks of people; no custom section."""
    return key in SHAREABLE_BY_DEFAULT


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a template, as people wrote it."""

    name: str
    sections: tuple[Section, ...]
    description: str | None = None
    fields: tuple[CustomField, ...] = ()

    @property
    def text_keys(self) -> tuple[str, ...]:
        """The sections that hold a text, in order."""
        return tuple(one.key for one in self.sections if one.key not in LISTS)

    def section(self, key: str) -> Section | None:
        return next((one for one in self.sections if one.key == key), None)


# What a postmortem makes of it


def accepted_texts(template: Template, texts: Mapping[str, str]) -> dict[str, str]:
    """The texts of the template's sections; an empty text of any other section is left out.

    Raises :class:`SectionNotInTemplate`, naming every other section that has a text.
    """
    known = template.text_keys
    if strange := [key for key, text in texts.items() if text and key not in known]:
        raise SectionNotInTemplate(section=", ".join(strange), known=", ".join(known))
    return {key: text for key, text in texts.items() if key in known}


def opening_texts(template: Template, texts: Mapping[str, str]) -> dict[str, str]:
    """The text of every section that holds one: the given text, else the default text, else an empty one."""
    given = accepted_texts(template, texts)
    return {
        one.key: given[one.key] if given.get(one.key, "").strip() else one.default_text or given.get(one.key, "")
        for one in template.sections
        if one.key not in LISTS
    }


def missing_sections(
    template: Template, texts: Mapping[str, str], *, has_timeline: bool, has_items: bool
) -> tuple[str, ...]:
    """The required sections that are not written yet, in the order of the template.

    A text of which a reader sees nothing, or only the template's own words, does not count.
    """
    lists = {TIMELINE: has_timeline, ACTION_ITEMS: has_items}

    def is_filled(one: Section) -> bool:
        if one.key in lists:
            return lists[one.key]
        return not is_blank(texts.get(one.key, ""), one.default_text, one.prompt)

    return tuple(one.key for one in template.sections if one.required and not is_filled(one))


# Whether a template may be kept

_KEY = re.compile(r"[a-z][A-Za-z0-9]{0,39}", re.ASCII)
_KEY_WORDS = "a key starts with a lowercase letter and has at most 40 letters and digits"
_FOLDED = {name.lower(): name for name in TITLES}


def check(template: Template) -> None:
    """Raises :class:`InvalidTemplate` with every reason at once. Each says where: ``sections.2.key``."""
    reasons = [*_section_problems(template), *_field_problems(template)]
    if reasons:
        raise InvalidTemplate(reasons=reasons)


def _section_problems(template: Template) -> Iterator[Fact]:
    seen: set[str] = set()
    for place, one in enumerate(template.sections):
        where = f"sections.{place}"
        folded = one.key.lower()
        if not _KEY.fullmatch(one.key):
            yield reason("UnfitKey", f"'{one.key}': {_KEY_WORDS}.", where=f"{where}.key")
        elif folded in seen:
            yield reason("RepeatedKey", f"There is already a section '{one.key}'.", where=f"{where}.key")
        elif folded in _FOLDED and not one.is_standard:
            words = f"'{one.key}' is too similar to the standard section '{_FOLDED[folded]}'. Choose another key."
            yield reason("ReservedKey", words, where=f"{where}.key")
        seen.add(folded)
        if not one.title:
            yield reason("TitleMissing", f"The section '{one.key}' needs a title.", where=f"{where}.title")
        if one.key in LISTS and one.default_text:
            words = f"The section '{one.key}' holds entries, so it can't have a default text."
            yield reason("NoDefaultText", words, where=f"{where}.defaultText")
    for name in CORE:
        if template.section(name) is None:
            words = f"Every template needs the section '{name}'. Make it optional instead of removing it."
            yield reason("SectionLeftOut", words, where="sections", section=name)


def _field_problems(template: Template) -> Iterator[Fact]:
    seen: set[str] = set()
    for place, one in enumerate(template.fields):
        where = f"customFields.{place}"
        if not _KEY.fullmatch(one.key):
            yield reason("UnfitKey", f"'{one.key}': {_KEY_WORDS}.", where=f"{where}.key")
        elif one.key.lower() in seen:
            yield reason("RepeatedKey", f"There is already a field '{one.key}'.", where=f"{where}.key")
        seen.add(one.key.lower())
        if one.type is FieldType.CHOICE and not one.choices:
            yield reason("ChoicesMissing", f"The field '{one.key}' needs choices.", where=f"{where}.choices")
        if one.type is not FieldType.CHOICE and one.choices:
            words = f"Only a CHOICE field can have choices; '{one.key}' is a {one.type}."
            yield reason("NoChoices", words, where=f"{where}.choices")
        if len(set(one.choices)) < len(one.choices):
            yield reason("RepeatedChoice", f"Two choices of '{one.key}' are the same.", where=f"{where}.choices")
