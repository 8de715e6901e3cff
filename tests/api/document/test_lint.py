"""Spectral, the usual linter of OpenAPI documents, finds nothing in ours."""

import json
import subprocess
from pathlib import Path

from api.app import create_app
from tests.peers.npm import NODE, installed

VERSION = "6.16.3"


def complaints(document: dict[str, object], folder: Path) -> list[str]:
    package = installed("@stoplight/spectral-cli", VERSION)
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "rules.json").write_text(json.dumps({"extends": ["spectral:oas"]}))
    command = [NODE, package / "dist" / "index.js", "lint", "openapi.json", "-r", "rules.json", "-f", "json", "--quiet"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=400)
    assert done.stdout.startswith("["), done.stderr[-2000:]
    return [f"{one['code']} {'.'.join(map(str, one['path']))}: {one['message']}" for one in json.loads(done.stdout)]


def test_the_document_follows_every_rule(tmp_path: Path) -> None:
    assert complaints(create_app().openapi(), tmp_path) == []


def test_the_linter_sees_what_is_wrong(tmp_path: Path) -> None:
    info = {"title": "Afterword", "version": "1"}
    operation = {"responses": {"200": {"description": "Fine"}}, "tags": ["unknown"]}
    document = {"openapi": "3.1.0", "info": info, "servers": [], "paths": {"/api": {"get": operation}}}
    found = {one.partition(" ")[0] for one in complaints(document, tmp_path)}
    assert {"operation-operationId", "operation-tag-defined"} <= found
