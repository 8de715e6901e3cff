"""The forms of a connection: settings drawn from the JSON schema of its kind, and how items become its tickets.

A setting is ``c.<name>`` in the form, a secret ``s.<name>``; a secret that is left empty stays as it is, ``s-.<name>``
takes it away. A destination is ``d.<place>.<name>``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.action_items.action_item import ActionItemStatus
from domain.errors import Malformed, reason
from domain.tickets.projection import WINNERS, TicketField, Winner

SPARE = 2
"""Empty rows for further destinations."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A field as it is drawn. ``how`` is text, number, choice, tick, lines (a list) or json; ``value`` is its text."""

    name: str
    title: str
    help: str
    how: str
    value: str
    choices: tuple[str, ...] = ()
    required: bool = False


def settings_of(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[Setting]:
    required = set(schema.get("required", ()))
    found = []
    for name, declared in schema.get("properties", {}).items():
        kind = _kind(schema, declared)
        how = _how(kind)
        value = values.get(name, declared.get("default"))
        found.append(
            Setting(
                name=name,
                title=declared.get("title", name),
                help=declared.get("description", ""),
                how=how,
                value=_written(how, value),
                choices=tuple(str(one) for one in kind.get("enum", ())),
                required=name in required,
            )
        )
    return found


def _kind(schema: Mapping[str, Any], declared: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a value has to be, apart from null."""
    options = [one for one in declared.get("anyOf", [declared]) if one.get("type") != "null"]
    kind: Mapping[str, Any] = options[0] if options else declared
    for wrapped in kind.get("allOf", ())[:1]:
        kind = wrapped
    if "$ref" in kind:
        kind = schema.get("$defs", {}).get(str(kind["$ref"]).rsplit("/", 1)[-1], {})
    return kind


def _how(kind: Mapping[str, Any]) -> str:
    if "enum" in kind:
        return "choice"
    match kind.get("type"):
        case "boolean":
            return "tick"
        case "integer" | "number":
            return "number"
        case "array" if kind.get("items", {}).get("type") == "string":
            return "lines"
        case "array" | "object":
            return "json"
    return "text"


def _written(how: str, value: Any) -> str:
    if value is None:
        return ""
    match how:
        case "lines":
            return "\n".join(str(one) for one in value)
        case "json":
            return json.dumps(value, ensure_ascii=False, indent=1) if value else ""
        case "tick":
            return "yes" if value else ""
    return str(value)


def sent_settings(schema: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, without what was left empty: that has its default. Raises Malformed."""
    found: dict[str, Any] = {}
    for one in settings_of(schema, {}):
        text = form.get(f"c.{one.name}", "").strip()
        if one.how == "tick":
            found[one.name] = text == "yes"
        elif one.how == "lines":
            found[one.name] = [line.strip() for line in text.split("\n") if line.strip()]
        elif text:
            found[one.name] = _read(one, text)
    return found


def _read(setting: Setting, text: str) -> Any:
    if setting.how not in {"number", "json"}:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        words = "Enter a number." if setting.how == "number" else "This isn't valid JSON."
        raise Malformed(reasons=[reason("setting", words, where=setting.title)]) from None


def is_complete(schema: Mapping[str, Any], form: Mapping[str, str]) -> bool:
    """Whether there is anything to test: where the credentials come later, the vendor would only refuse us."""
    return not schema.get("properties") or bool(sent_secrets(schema, form))


def sent_secrets(schema: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """Those that were entered, and null for those to be taken away."""
    found: dict[str, Any] = {}
    for name in schema.get("properties", {}):
        if entered := form.get(f"s.{name}", "").strip():
            found[name] = entered
        elif form.get(f"s-.{name}") == "yes":
            found[name] = None
    return found


# The projection


@dataclass(frozen=True, slots=True)
class Row:
    """A destination as drawn. ``place`` is ``team:<id>``, ``service:<id>``, ``else``, or, in a spare row, empty."""

    place: str
    project: str
    issue_type: str


@dataclass(frozen=True, slots=True)
class ProjectionForm:
    statuses: Mapping[str, str]
    names: str
    winners: Mapping[str, str]
    rows: tuple[Row, ...]
    fields: str
    labels: str


def shown_projection(kept: Mapping[str, Any]) -> ProjectionForm:
    rows = [
        Row(_place(one), one.get("project") or "", one.get("issueType") or "") for one in kept.get("destinations", ())
    ]
    return ProjectionForm(
        statuses={one.value: kept.get("statuses", {}).get(one.value, "") for one in ActionItemStatus},
        names="\n".join(f"{theirs} = {ours}" for theirs, ours in kept.get("names", {}).items()),
        winners={one.value: kept.get("winners", {}).get(one.value, WINNERS[one].value) for one in TicketField},
        rows=(*rows, *(Row("", "", "") for _ in range(SPARE))),
        fields="\n".join(f"{name} = {_plain(value)}" for name, value in kept.get("fields", {}).items()),
        labels=", ".join(kept.get("labels", ())),
    )


def _place(kept: Mapping[str, Any]) -> str:
    if kept.get("serviceId"):
        return f"service:{kept['serviceId']}"
    return f"team:{kept['teamId']}" if kept.get("teamId") else "else"


def _plain(value: Any) -> str:
    """A text as it is, unless it would be read as something else."""
    return value if isinstance(value, str) and _meant(value) == value else json.dumps(value, ensure_ascii=False)


def _meant(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def sent_projection(form: Mapping[str, str]) -> dict[str, Any]:
    """In the API's shape, which says what is wrong with it."""
    statuses = {one.value: form.get(f"status.{one.value}", "").strip() for one in ActionItemStatus}
    winners = {one.value: form.get(f"winner.{one.value}", "") for one in TicketField}
    return {
        "statuses": {ours: theirs for ours, theirs in statuses.items() if theirs},
        "names": dict(_pairs(form.get("names", ""), "Status mapping")),
        "winners": {
            one: who for one, who in winners.items() if who in set(Winner) and who != WINNERS[TicketField(one)]
        },
        "destinations": [one for place in range(250) if (one := _destination(form, place))],
        "fields": {name: _meant(value) for name, value in _pairs(form.get("fields", ""), "Values for required fields")},
        "labels": [one.strip() for one in form.get("labels", "").split(",") if one.strip()],
    }


def _destination(form: Mapping[str, str], place: int) -> dict[str, str] | None:
    entered = {name: form.get(f"d.{place}.{name}", "").strip() for name in ("place", "project", "issueType")}
    if not (entered["project"] or entered["issueType"]):
        return None
    kind, _, id_ = entered.pop("place").partition(":")
    where = {"teamId": id_} if kind == "team" else {"serviceId": id_} if kind == "service" else {}
    return where | {name: value for name, value in entered.items() if value}


def _pairs(text: str, where: str) -> list[tuple[str, str]]:
    """Lines of ``name = value``. Raises Malformed."""
    found = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        name, sign, value = line.partition("=")
        if not (sign and name.strip() and value.strip()):
            words = f"Write one name = value per line. This line isn't: {line.strip()[:60]}"
            raise Malformed(reasons=[reason("pair", words, where=where)])
        found.append((name.strip(), value.strip()))
    return found
