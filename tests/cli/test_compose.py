"""The container files name only settings that exist."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from runtime.settings import Settings
from tests.cli.running import ROOT

OF_COMPOSE = {"database_password", "role_password"}
"""Variables that only the Compose file reads."""


@pytest.mark.parametrize("name", ["docker-compose.yml", "Dockerfile", ".env.example"])
def test_every_variable_is_a_setting(name: str) -> None:
    named = {
        variable.lower().partition("__")[0] for variable in re.findall(r"AFTERWORD_(\w+)", (ROOT / name).read_text())
    }
    assert named
    assert named - OF_COMPOSE <= set(Settings.model_fields)


def test_every_image_is_pinned() -> None:
    images = re.findall(
        r"(?:image:|FROM) (\S+)", "".join((ROOT / f).read_text() for f in ("docker-compose.yml", "Dockerfile"))
    )
    assert len(images) > 6
    assert all(re.search(r":(local|\d+\.\d+)", image) for image in images)


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose isn't installed")
def test_compose_reads_it_with_every_secret_and_not_without(tmp_path: Path) -> None:
    """``config`` needs no daemon."""
    example = (ROOT / ".env.example").read_text()
    filled = tmp_path / "filled"
    filled.write_text(re.sub(r"(?m)^(\w*(?:PASSWORD|KEY))=$", r"\1=x", example))
    empty = tmp_path / "empty"
    empty.write_text(example)
    done, refused = (
        subprocess.run(
            ["docker-compose", "--env-file", str(one), "-f", str(ROOT / "docker-compose.yml"), "config"],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        for one in (filled, empty)
    )
    assert done.returncode == 0, done.stderr
    assert "postgresql://afterword:x@postgres:5432/afterword" in done.stdout
    assert refused.returncode != 0
    assert "set it in .env" in refused.stderr
