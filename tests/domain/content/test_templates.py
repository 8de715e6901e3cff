"""Templates: what may be kept, what a postmortem begins with, what is missing in it, and values of every type."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.content.custom_fields import (
    NUMBER_LIMIT,
    CustomField,
    FieldType,
    accept_values,
    missing_fields,
    people_named,
)
from domain.content.default_templates import DEFAULT, DEFAULT_ID, STARTING_POINTS
from domain.content.sections import STANDARD
from domain.content.templates import (
    ACTION_ITEMS,
    CORE,
    TIMELINE,
    TITLES,
    Section,
    Template,
    accepted_texts,
    check,
    missing_sections,
)
from domain.content.templates import opening_texts as opening
from domain.errors import InvalidCustomFields, InvalidTemplate, SectionNotInTemplate


def problems(template: Template) -> list[tuple[str, str]]:
    """What is refused, as code and place."""
    with pytest.raises(InvalidTemplate) as refused:
        check(template)
    reasons: Any = refused.value.facts["reasons"]
    return [(one["code"], one["where"]) for one in reasons]


def with_sections(*sections: Section) -> Template:
    return replace(DEFAULT, sections=(*DEFAULT.sections, *sections))


def with_fields(*fields: CustomField) -> Template:
    return replace(DEFAULT, fields=fields)


def text(key: str, **more: Any) -> Section:
    return Section(key, key.title(), **more)


# Starting points


@pytest.mark.parametrize("template_id", STARTING_POINTS)
def test_every_starting_point_may_be_kept(template_id: str) -> None:
    template = STARTING_POINTS[template_id]
    check(template)
    assert template.name
    assert template.description
    assert all(one.prompt for one in template.sections)


def test_the_default_one_is_the_table_of_the_product_document() -> None:
    assert STARTING_POINTS[DEFAULT_ID] is DEFAULT
    assert [one.key for one in DEFAULT.sections] == list(TITLES)
    assert tuple(one.key for one in DEFAULT.sections if one.required) == CORE
    assert not DEFAULT.fields


def test_the_starting_points_show_every_type_of_field_and_differ() -> None:
    types = {one.type for template in STARTING_POINTS.values() for one in template.fields}
    assert types == set(FieldType)
    assert len({one.name for one in STARTING_POINTS.values()}) == len(STARTING_POINTS)
    orders = {tuple(section.key for section in one.sections) for one in STARTING_POINTS.values()}
    assert len(orders) == len(STARTING_POINTS)


# What may be kept


def test_sections_may_be_reordered_left_out_and_added() -> None:
    optional = [one for one in reversed(DEFAULT.sections) if one.key != "detection"]
    check(replace(DEFAULT, sections=(text("customerQuotes", default_text="> "), *optional)))
    check(replace(DEFAULT, sections=tuple(replace(one, required=not one.required) for one in DEFAULT.sections)))


@pytest.mark.parametrize("name", CORE)
def test_what_the_product_document_requires_is_not_left_out(name: str) -> None:
    left = tuple(one for one in DEFAULT.sections if one.key != name)
    assert problems(replace(DEFAULT, sections=left)) == [("SectionLeftOut", "sections")]


@pytest.mark.parametrize(
    "key", ["", "Summary2", "1st", "with_underscore", "with-dash", "ümlaut", "a" * 41, "a\n", "a b"]
)
def test_keys_have_a_shape(key: str) -> None:
    assert problems(with_sections(text(key, default_text=None))) in (
        [("UnfitKey", "sections.10.key")],
        [("UnfitKey", "sections.10.key"), ("TitleMissing", "sections.10.title")],
    )
    assert problems(with_fields(CustomField(key, "Label", FieldType.TEXT))) == [("UnfitKey", "customFields.0.key")]


def test_keys_are_unlike_each_other_and_the_standard_names() -> None:
    assert problems(with_sections(text("rootcause"))) == [("RepeatedKey", "sections.10.key")]
    assert problems(with_sections(text("summary"))) == [("RepeatedKey", "sections.10.key")]
    assert problems(with_sections(text("one"), text("oNe"))) == [("RepeatedKey", "sections.11.key")]
    without = tuple(one for one in DEFAULT.sections if one.key != "lessonsLearned")
    close = replace(DEFAULT, sections=(*without, text("lessonslearned")))
    assert problems(close) == [("ReservedKey", "sections.9.key")]


def test_entries_have_no_default_text() -> None:
    sections = tuple(replace(one, default_text="x") for one in DEFAULT.sections)
    places = [list(TITLES).index(name) for name in (TIMELINE, ACTION_ITEMS)]
    assert problems(replace(DEFAULT, sections=sections)) == [
        ("NoDefaultText", f"sections.{place}.defaultText") for place in places
    ]


def test_all_problems_are_told_at_once() -> None:
    wrong = Template(
        name="Wrong",
        sections=(text("summary"), text("summary"), Section("Bad", ""), text("timeline", default_text="x")),
        fields=(
            CustomField("a", "A", FieldType.CHOICE),
            CustomField("A", "A", FieldType.TEXT, choices=("x",)),
            CustomField("a", "A", FieldType.CHOICE, choices=("x", "x")),
        ),
    )
    assert problems(wrong) == [
        ("RepeatedKey", "sections.1.key"),
        ("UnfitKey", "sections.2.key"),
        ("TitleMissing", "sections.2.title"),
        ("NoDefaultText", "sections.3.defaultText"),
        *[("SectionLeftOut", "sections")] * 4,
        ("ChoicesMissing", "customFields.0.choices"),
        ("UnfitKey", "customFields.1.key"),
        ("NoChoices", "customFields.1.choices"),
        ("RepeatedKey", "customFields.2.key"),
        ("RepeatedChoice", "customFields.2.choices"),
    ]


# What a postmortem makes of it

GUIDED = replace(
    DEFAULT,
    sections=(
        replace(DEFAULT.sections[3], default_text="Why?\n\n1. "),
        text("customerMessage", required=True, default_text="Hello"),
        *(one for one in reversed(DEFAULT.sections) if one.key != "rootCause"),
    ),
)


def test_default_texts_stand_only_where_nothing_is_written() -> None:
    assert opening(DEFAULT, {}) == dict.fromkeys(STANDARD, "")
    begun = opening(GUIDED, {})
    assert tuple(begun) == GUIDED.text_keys
    assert {key: text for key, text in begun.items() if text} == {
        "rootCause": "Why?\n\n1. ",
        "customerMessage": "Hello",
    }
    written = opening(GUIDED, {"rootCause": "  \n", "customerMessage": "Dear", "impact": "All."})
    assert (written["rootCause"], written["customerMessage"], written["impact"]) == ("Why?\n\n1. ", "Dear", "All.")


def test_a_text_without_a_section_is_refused() -> None:
    short = replace(DEFAULT, sections=tuple(one for one in DEFAULT.sections if one.key in CORE))
    assert accepted_texts(short, {"summary": "x", "detection": "", "other": ""}) == {"summary": "x"}
    with pytest.raises(SectionNotInTemplate) as refused:
        accepted_texts(short, {"summary": "x", "detection": "x", TIMELINE: "x", "other": "x"})
    assert refused.value.facts["section"] == "detection, timeline, other"
    with pytest.raises(SectionNotInTemplate):
        opening(short, {"detection": "x"})


def test_a_default_text_that_nobody_changed_is_missing() -> None:
    def missing(**texts: str) -> tuple[str, ...]:
        return missing_sections(GUIDED, texts, has_timeline=True, has_items=True)

    begun = opening(GUIDED, {})
    assert missing(**begun) == ("rootCause", "customerMessage", "resolution", "impact", "summary")
    assert missing(rootCause="Why?\r\n\r\n1.  \n", customerMessage=" Hello ")[:2] == ("rootCause", "customerMessage")
    assert missing(rootCause="Why?\n\n1. Because", customerMessage="Hello!") == ("resolution", "impact", "summary")


def test_missing_sections_follow_the_template() -> None:
    assert missing_sections(DEFAULT, {}, has_timeline=False, has_items=False) == CORE
    assert missing_sections(DEFAULT, {}, has_timeline=True, has_items=False) == (
        "summary",
        "impact",
        "rootCause",
        "resolution",
        "actionItems",
    )
    turned = replace(DEFAULT, sections=tuple(replace(one, required=not one.required) for one in DEFAULT.sections))
    optional = tuple(name for name in TITLES if name not in CORE)
    assert missing_sections(turned, {}, has_timeline=False, has_items=False) == optional


@given(
    st.permutations(DEFAULT.sections),
    st.lists(st.booleans(), min_size=10, max_size=10),
    st.sets(st.sampled_from(list(TITLES))),
)
def test_missing_is_required_less_written_in_order(
    order: list[Section], required: list[bool], written: set[str]
) -> None:
    template = replace(
        DEFAULT, sections=tuple(replace(one, required=must) for one, must in zip(order, required, strict=True))
    )
    check(template)
    texts = dict.fromkeys(written, "Words.")
    missing = missing_sections(template, texts, has_timeline=TIMELINE in written, has_items=ACTION_ITEMS in written)
    assert list(missing) == [one.key for one in template.sections if one.required and one.key not in written]


# Values of custom fields

CHOICES = ("SEV1", "SEV2", "Something else")
FIELDS = {
    one: CustomField(f"a{place}", f"Label {place}", one, choices=CHOICES if one is FieldType.CHOICE else ())
    for place, one in enumerate(FieldType)
}
PEOPLE = frozenset({"user_jane", "user_01kx"})
GOOD: dict[FieldType, st.SearchStrategy[Any]] = {
    FieldType.TEXT: st.text(min_size=1, max_size=50).filter(lambda one: bool(one.strip())),
    FieldType.NUMBER: st.integers(-NUMBER_LIMIT, NUMBER_LIMIT)
    | st.floats(-NUMBER_LIMIT, NUMBER_LIMIT, allow_nan=False),
    FieldType.DATE: st.dates(date(1970, 1, 1), date(2200, 12, 31)).map(date.isoformat),
    FieldType.CHOICE: st.sampled_from(CHOICES),
    FieldType.PERSON: st.sampled_from(sorted(PEOPLE)),
    FieldType.YES_NO: st.booleans(),
}
JSON = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates().map(date.isoformat),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def is_day(value: str) -> bool:
    try:
        return len(value) == 10 and 1970 <= date.fromisoformat(value).year <= 2200
    except ValueError:
        return False


IS_GOOD: dict[FieldType, Callable[[Any], bool]] = {
    FieldType.TEXT: lambda value: isinstance(value, str),
    FieldType.NUMBER: lambda value: type(value) in {int, float} and abs(value) <= NUMBER_LIMIT,
    FieldType.DATE: lambda value: isinstance(value, str) and is_day(value),
    FieldType.CHOICE: lambda value: isinstance(value, str) and value in CHOICES,
    FieldType.PERSON: lambda value: isinstance(value, str) and value in PEOPLE,
    FieldType.YES_NO: lambda value: value is True or value is False,
}
"""The rule once more, in other words."""


@pytest.mark.parametrize("kind", FieldType)
@given(data=st.data())
def test_good_values_are_kept_as_they_are(kind: FieldType, data: st.DataObject) -> None:
    field, value = FIELDS[kind], data.draw(GOOD[kind])
    kept = accept_values([field], {field.key: value}, PEOPLE)
    assert kept == {field.key: value.strip() if kind is FieldType.TEXT else value}
    assert type(kept[field.key]) is type(value)
    assert accept_values([field], json.loads(json.dumps(kept)), PEOPLE) == kept


@pytest.mark.parametrize("kind", FieldType)
@given(data=st.data())
def test_any_value_is_kept_or_refused_with_its_field(kind: FieldType, data: st.DataObject) -> None:
    field, value = FIELDS[kind], data.draw(JSON | GOOD[kind])
    try:
        kept = accept_values([field], {field.key: value}, PEOPLE)
    except InvalidCustomFields as refused:
        assert not IS_GOOD[kind](value), value
        reasons: Any = refused.facts["reasons"]
        assert [(one["code"], one["field"]) for one in reasons] == [("UnfitValue", field.key)]
        assert reasons[0]["message"].startswith(field.label)
    else:
        assert IS_GOOD[kind](value), value
        assert kept in ({field.key: value}, {}, {field.key: value.strip() if isinstance(value, str) else value})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldType.TEXT, 1),
        (FieldType.TEXT, "x" * 10_001),
        (FieldType.NUMBER, True),
        (FieldType.NUMBER, "1"),
        (FieldType.NUMBER, 10**400),
        (FieldType.NUMBER, math.nan),
        (FieldType.DATE, "2026-02-29"),
        (FieldType.DATE, "20260228"),
        (FieldType.DATE, "2026-02-28T00:00:00Z"),
        (FieldType.DATE, "1969-12-31"),
        (FieldType.DATE, "٢٠٢٦-01-01"),
        (FieldType.DATE, 20260228),
        (FieldType.CHOICE, "sev1"),
        (FieldType.CHOICE, ["SEV1"]),
        (FieldType.PERSON, "user_nobody"),
        (FieldType.PERSON, "Jane"),
        (FieldType.PERSON, "user_jane\n"),
        (FieldType.YES_NO, "yes"),
        (FieldType.YES_NO, 1),
    ],
)
def test_bad_values(kind: FieldType, value: Any) -> None:
    with pytest.raises(InvalidCustomFields):
        accept_values([FIELDS[kind]], {FIELDS[kind].key: value}, PEOPLE)


def test_all_bad_values_and_unknown_fields_are_told_at_once() -> None:
    fields = list(FIELDS.values())
    bad: dict[str, Any] = {one.key: [] for one in fields} | {"other": 1}
    with pytest.raises(InvalidCustomFields) as refused:
        accept_values(fields, bad, PEOPLE)
    reasons: Any = refused.value.facts["reasons"]
    assert [one["field"] for one in reasons] == ["other", *(one.key for one in fields)]


def test_null_and_blank_values_are_none() -> None:
    field = FIELDS[FieldType.TEXT]
    assert accept_values([field], {field.key: "  "}, PEOPLE) == {}
    assert accept_values(list(FIELDS.values()), {one.key: None for one in FIELDS.values()}, PEOPLE) == {}


@given(st.dictionaries(st.sampled_from([one.key for one in FIELDS.values()]), st.just(False)))
def test_missing_fields_are_required_ones_without_a_value(values: dict[str, Any]) -> None:
    fields = [replace(one, required=True) for one in FIELDS.values()]
    assert list(missing_fields(fields, values)) == [one.key for one in fields if one.key not in values]
    assert missing_fields(list(FIELDS.values()), values) == ()


def test_people_named_are_those_of_person_fields() -> None:
    person, words = FIELDS[FieldType.PERSON], FIELDS[FieldType.TEXT]
    assert people_named([person, words], {person.key: "user_x", words.key: "user_y"}) == ["user_x"]
    assert people_named([person], {person.key: "\0"}) == people_named([person], {person.key: 3}) == []
