"""Each class means one thing: it is styled by one component, and a value from the database never becomes a class."""

import re
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from api.assets import STYLES, WEB, address_of, assets
from tests.pages.visiting import stranger
from tests.stack import Stack

TEMPLATES = {str(path.relative_to(WEB)): path.read_text() for path in sorted((WEB / "templates").rglob("*.html"))}
SELECTOR = re.compile(r"([^{}]+)\{")
LOOSE = re.compile(r"""(?:^|\s)\{\{(?![^}]*['"]).*?\}\}""")
"""An expression without any literal word in it, where a class begins."""


def styled(css: str) -> set[str]:
    """The classes of what each rule is about, which is the last part of its selectors."""
    found: set[str] = set()
    for heads in SELECTOR.findall(re.sub(r"@media[^{]*\{", "", css)):
        plain = re.sub(r":is\(([^)]*)\)", lambda many: many[1].split(",")[0], heads)
        plain = re.sub(r"\([^)]*\)", "", plain)
        for selector in plain.split(","):
            parts = [one for one in re.split(r"[\s>+~]+", selector) if "." in one]
            found |= set(re.findall(r"\.([A-Za-z][\w-]*)", parts[-1])) if parts else set()
    return found


def in_two_components(sheets: Mapping[str, str]) -> dict[str, list[str]]:
    classes = {name: styled(css) for name, css in sheets.items()}
    places = {one: [name for name in classes if one in classes[name]] for one in set(chain(*classes.values()))}
    return {one: names for one, names in places.items() if len(names) > 1}


def values_as_classes(templates: Mapping[str, str]) -> list[str]:
    return [
        f"{name}: {words}"
        for name, text in templates.items()
        for words in re.findall(r'class="((?:\{\{.*?\}\}|[^"])*)"', text)
        if LOOSE.search(words)
    ]


def without_style(templates: Mapping[str, str], known: set[str]) -> list[str]:
    """Whole words in the classes of templates that no rule and no script knows."""
    return [
        f"{name}: {one}"
        for name, text in templates.items()
        for words in re.findall(r'class="((?:\{\{.*?\}\}|[^"])*)"', text)
        for one in re.sub(r"\S*(?:\{\{.*?\}\}|\{%.*?%\})\S*", " ", words).split()
        if one not in known
    ]


def without_use(known: set[str], places: str) -> list[str]:
    """Classes with a rule that nothing shows. Of ``tag--late``, ``tag--`` is enough: the rest may be a value."""
    return sorted(one for one in known if one not in places and f"{one.partition('--')[0]}--" not in places)


def test_each_class_is_styled_by_one_component() -> None:
    sheets = {name: (WEB / "static" / "styles" / f"{name}.css").read_text() for name in STYLES}
    assert {f"{name}.css" for name in STYLES} == {path.name for path in (WEB / "static" / "styles").iterdir()}
    assert in_two_components(sheets) == {}
    scripts = " ".join(path.read_text() for path in (WEB / "static").rglob("*.js"))
    known = set(re.findall(r"\.([A-Za-z][\w-]*)", " ".join(sheets.values()) + scripts))
    assert without_style({name: text for name, text in TEMPLATES.items() if "reference" not in name}, known) == []
    assert values_as_classes(TEMPLATES) == []
    code = [path.read_text() for room in ("api", "domain") for path in (WEB.parent / room).rglob("*.py")]
    rules = re.findall(r"\.([A-Za-z][\w-]*)", " ".join(re.sub(r"/\*.*?\*/", "", one) for one in sheets.values()))
    own = {one for one in rules if not one.startswith("htmx-")}  # htmx's own
    assert without_use(own, " ".join([*TEMPLATES.values(), scripts, *code])) == []


def test_a_class_with_two_meanings_is_found() -> None:
    assert in_two_components(
        {"stepper": ".stepper .past::after { color: red; }", "links": ".past { float: right; }"}
    ) == {"past": ["stepper", "links"]}
    assert values_as_classes({"page": '<b class="tag {{ decision }}">'}) == ["page: tag {{ decision }}"]
    assert without_style({"page": '<b class="card flush{{ x }} {{ y }} gone">'}, {"card"}) == ["page: gone"]
    assert values_as_classes({"page": "<b class=\"tag--{{ decision }} {{ 'late' if late }}\">"}) == []
    assert without_use({"card", "gone", "tag--late"}, '<b class="card tag--{{ decision }}">') == ["gone"]


def test_what_pages_load_is_kept_for_ever_and_its_name_says_its_content(stack: Stack) -> None:
    http = stranger(stack).http
    for name in assets():
        kept = http.get(address_of(name))
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert kept.content == assets()[name].content
        assert http.get(f"/static/{name}").headers["cache-control"] == "no-cache"
    assert http.get("/static/afterword.000000000000.css").status_code == 404
    assert address_of("afterword.css") in http.get("/sign-in").text


def test_no_file_is_read_from_elsewhere(stack: Stack) -> None:
    for path in ("/static/../base.html", "/static/..%2F..%2Fpyproject.toml", "/static/styles/base.css"):
        assert stranger(stack).http.get(path).status_code == 404
    assert Path(WEB / "static" / "styles" / "base.css").is_file()
