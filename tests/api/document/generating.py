"""openapi-python-client, which makes a Python client of an OpenAPI document: pinned, and not installed.

Its own pin of typer is older than ours, so that it can't be among the project's dependencies.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.peers.pypi import packages

PINS = ("openapi-python-client==0.29.1", "ruamel.yaml==0.18.16")
BYTES = ("application/zip", "text/markdown", "message/rfc822")
"""What it doesn't know to be files."""


def generate(document: dict[str, Any], folder: Path) -> list[str]:
    """Writes the package ``afterword_client`` into the folder. Returns what the generator left out or warned of."""
    (folder / "openapi.json").write_text(json.dumps(document))
    settings = {"content_type_overrides": dict.fromkeys(BYTES, "application/octet-stream"), "post_hooks": []}
    (folder / "settings.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    paths = ["--path", "openapi.json", "--config", "settings.json", "--output-path", "afterword_client"]
    found = subprocess.run(
        [*command, *paths],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(packages("openapi-python-client-0.29.1", *PINS))},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    lines = f"{found.stdout}\n{found.stderr}".splitlines()
    return [one for one in lines if one.strip() and not one.startswith("Generating ")]
