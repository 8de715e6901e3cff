"""Values for the fields of Jira's create form, each in the shape that the form says.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-createmeta-projectidorkey-issuetypes-issuetypeid-get
"""

from pydantic import JsonValue

from integrations.trackers.jira import adf
from integrations.trackers.jira.answers import FormField

_DATES = {"date", "datetime"}
_TEXTAREA = "com.atlassian.jira.plugin.system.customfieldtypes:textarea"


def kind_of(field: FormField) -> str:
    """``text``, ``number``, ``date``, ``option`` or ``account``."""
    kind = (field.kind.items or "") if field.kind.type == "array" else field.kind.type
    if kind == "user":
        return "account"
    if field.allowed or kind in {"option", "priority", "version", "component"}:
        return "option"
    if kind in _DATES:
        return "date"
    return "number" if kind == "number" else "text"


def options_of(field: FormField) -> dict[str, str]:
    """The allowed values and their names for people; a few kinds of field have bare words for values."""
    found: dict[str, str] = {}
    for one in field.allowed:
        if isinstance(one, dict) and "id" in one:
            found[str(one["id"])] = str(one.get("name") or one.get("value") or one["id"])
        elif isinstance(one, str):
            found[one] = one
    return found


def shaped(field: FormField | None, value: JsonValue) -> JsonValue:
    """``value``, as :class:`integrations.tracker.RequiredField` describes it, as Jira wants it; an object or a list is
    taken to be in Jira's shape, and so is all of a field that the form does not have."""
    if field is None or value is None or isinstance(value, dict | list):
        return value
    one = _one(field, value)
    return [one] if field.kind.type == "array" else one


def _one(field: FormField, value: str | float | bool) -> JsonValue:
    match kind_of(field):
        case "option" if value in field.allowed:
            return value
        case "option" | "account":
            return {"id": str(value)}
        case "number":
            return _number(value)
        case _ if field.kind.custom == _TEXTAREA or field.id == "environment":
            return adf.to_adf(str(value))
        case _:
            return str(value)


def _number(value: str | float | bool) -> JsonValue:
    try:
        return float(value)
    except ValueError:
        return value  # Jira says better what is wrong with it
