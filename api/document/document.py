"""Builds the document once, on the first request for it."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.document.answers import complete_answers, headers
from api.document.examples import complete_examples
from api.document.kinds import describe_kinds
from api.document.names import rename_schemas, summary_of
from api.document.problems import problem_examples
from api.document.schemas import complete_schemas
from api.document.words import describe_parameters, describe_properties, tags


def install(app: FastAPI, base_url: str) -> None:
    """Replaces the application's ``openapi``. ``base_url`` is where people reach this installation."""
    generate = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = completed(generate(), app, base_url)
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]


def completed(document: dict[str, Any], app: FastAPI, base_url: str) -> dict[str, Any]:
    document["info"]["contact"] = {"name": "Afterword", "url": base_url}
    document["servers"] = [{"url": base_url, "description": "This installation"}]
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                operation["operationId"] = route.name
                operation["summary"] = summary_of(route.name)
                complete_answers(operation, route, method)
                describe_parameters(operation)
    components = document["components"]
    components["headers"], components["examples"] = headers(), problem_examples()
    complete_schemas(components["schemas"])
    describe_properties(components["schemas"])
    describe_kinds(components["schemas"])
    document["tags"] = tags(document)
    document = rename_schemas(document)
    complete_examples(document)
    return document
