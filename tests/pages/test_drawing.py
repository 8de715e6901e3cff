"""What a template writes is what Jinja would write."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from api import rendering
from api.rendering import _Environment, _written


class Shown:
    def __html__(self) -> str:
        return "<b>shown</b>"


class Text(str):
    __slots__ = ()


VALUES = (some.text(), some.text("&<>'\" a"), some.integers(), some.booleans(), some.none(), some.floats())


@given(some.one_of(*VALUES, some.text("<&a").map(Markup), some.text("<&a").map(Text), some.builds(Shown)))
def test_every_value_is_escaped_as_jinja_escapes_it(value: object) -> None:
    assert str(_written(value)) == str(escape(value))


SOURCES = {
    "page": """{% import "parts" as parts with context %}{% import "parts" as again with context %}
{% for one in texts %}{{ loop.index }}{{ one }}{{ parts.cell(one, hint=one ~ "<") }}{{ again.cell(one) }}{% endfor %}
{% set kept %}{{ texts[0] }}<i>{% endset %}{{ kept }}{% call parts.around() %}{{ texts[1] }}{% endcall %}
{{ texts | join(", ") }}{{ safe }}{{ (texts | first).upper() }}{% filter upper %}{{ texts[1] }}{% endfilter %}""",
    "parts": """{% macro cell(text, hint="") %}<td title="{{ hint }}">{{ text }} of {{ who }}</td>{% endmacro %}
{% macro around() %}<p>{{ caller() }}</p>{% endmacro %}""",
}


@pytest.mark.parametrize("texts", [["plain", "more"], ["<script>", 'a & b\'s "c"']])
def test_a_page_is_drawn_as_jinja_draws_it(texts: list[str]) -> None:
    values = {"texts": texts, "who": "<Ann>", "safe": Markup("<b>")}
    options = {"autoescape": True, "undefined": StrictUndefined}
    by_jinja, by_us = (kind(loader=DictLoader(SOURCES), **options) for kind in (Environment, _Environment))
    drawn = by_us.get_template("page").render(modules={}, **values)
    assert drawn == by_jinja.get_template("page").render(**values)
    assert "<script>" not in drawn


def test_macros_are_made_once_a_page() -> None:
    environment = _Environment(loader=DictLoader(SOURCES), autoescape=True)
    made: dict[str, object] = {}
    page = environment.get_template("page")
    first = page.render(modules=made, texts=["a", "b"], who="Ann", safe="")
    assert list(made) == ["parts"]
    assert "of Ann" in first
    assert "of Bo" in page.render(modules={}, texts=["a", "b"], who="Bo", safe=""), "each page has its own values"


def test_all_templates_can_be_read() -> None:
    environment = rendering._environment()
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)
