"""The OpenAPI document is one to generate a client from: names, headers, errors, descriptions, and examples."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from api.app import create_app
from api.document.words import owned, words
from api.errors import status_of
from domain.errors import BY_CODE
from integrations import registry

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app().openapi()


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_operations_are_named_like_functions(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert not [one for one in names if not re.fullmatch(r"[a-z]+(_[a-z]+){0,4}", one)]
    assert {"publish_postmortem", "delete_postmortem", "list_action_items"} <= set(names)


def test_schemas_are_named_like_classes_and_each_name_once(document: dict[str, Any]) -> None:
    names = list(document["components"]["schemas"])
    assert not [one for one in names if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", one)]
    folded = [one.lower() for one in names]
    assert len(set(folded)) == len(folded)


def test_every_write_declares_what_it_reads(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        names = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
        is_write = method != "get" and not path.startswith("/api/webhooks")
        assert ("Idempotency-Key" in names) == is_write, path
        if "Prefer" in names:
            assert "Preference-Applied" in operation["responses"]["204"]["headers"], path
    for name in ("create_team", "update_team", "publish_postmortem", "update_action_item", "save_section"):
        assert "Prefer" in header_names(document, name)
    assert "If-Match" in header_names(document, "update_team")


def header_names(document: dict[str, Any], name: str) -> set[str]:
    found = next(one for _, _, one in operations(document) if one["operationId"] == name)
    return {one["name"] for one in found.get("parameters", ()) if one["in"] == "header"}


def test_errors_name_their_codes_under_the_right_status(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            for code in answer.get("x-codes", ()):
                assert status_of(BY_CODE[code]) == int(status), (path, code)
                assert code in document["components"]["examples"]
            if status in {"429", "503", "504"} and "x-codes" in answer:
                assert "Retry-After" in answer["headers"]


def test_operations_list_only_the_errors_that_they_can_give(document: dict[str, Any]) -> None:
    own = {operation["operationId"]: set(operation["responses"]) for _, _, operation in operations(document)}
    assert own["list_teams"] == {"200", "401", "403", "422", "429", "503"}
    assert "412" in own["update_team"]
    assert "412" not in own["create_team"]
    assert "504" in own["publish_postmortem"]
    assert "504" not in own["add_comment"]


def test_a_change_has_no_defaults(document: dict[str, Any]) -> None:
    """A generated client would send them, and change what its caller never named."""
    for name, schema in document["components"]["schemas"].items():
        if name.endswith(("Patch", "Put", "Changes")):
            assert not [field for field, one in schema["properties"].items() if "default" in one], name


def test_everything_is_described(document: dict[str, Any]) -> None:
    """Words that are missing belong into ``api/document/fields.txt``, ``parameters.txt``, or a docstring."""
    for _, _, operation in operations(document):
        assert operation.get("description"), operation["operationId"]
        for one in operation.get("parameters", ()):
            assert one.get("description"), (operation["operationId"], one["name"])
    for name, schema in document["components"]["schemas"].items():
        for field, one in schema.get("properties", {}).items():
            assert one.get("description"), (name, field)
    assert all(one["description"] for one in document["tags"])


def test_no_words_are_left_over(document: dict[str, Any]) -> None:
    owned_by = set(owned(document))
    known = owned_by | {one.partition(".")[2] for one in owned_by}
    assert set(words("fields")) - known == set()
    given = {
        name
        for _, _, operation in operations(document)
        for one in operation.get("parameters", ())
        for name in (one["name"], f"{operation['operationId']}.{one['name']}")
    }
    assert set(words("parameters")) - given == set()
    assert set(words("tags")) == {one["name"] for one in document["tags"]}


def test_each_request_and_answer_has_an_example_that_fits(document: dict[str, Any]) -> None:
    components = document["components"]
    for _, path, operation in operations(document):
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            content = part.get("content", {}).get("application/json", {})
            if not content.get("schema"):
                continue
            assert content["examples"], path
            check = jsonschema_rs.Draft202012Validator({"allOf": [content["schema"]], "components": components})
            for one in content["examples"].values():
                found = components["examples"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                assert not list(check.iter_errors(found["value"])), (path, found["value"])


def test_each_kind_of_connection_has_its_own_schema(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    kinds = {one.kind for one in registry.all_kinds()}
    assert set(schemas["IntegrationNew"]["discriminator"]["mapping"]) == kinds
    assert len(schemas["IntegrationNew"]["oneOf"]) == len(kinds)
    assert schemas["JiraIntegrationNew"]["properties"]["kind"]["const"] == "jira"
    assert "project" in schemas["JiraConfig"]["properties"]
    assert document["servers"][0]["url"].startswith("http")
