"""The container files name only settings that exist."""

import re

import pytest

from runtime.settings import Settings
from tests.cli.running import ROOT

OF_COMPOSE = {"database_password", "role_password"}
"""Variables that only the Compose file reads."""


@pytest.mark.parametrize("name", ["docker-compose.yml", "Dockerfile", ".env.example"])
def test_every_variable_is_a_setting(name: str) -> None:
    named = {variable.lower() for variable in re.findall(r"AFTERWORD_(\w+)", (ROOT / name).read_text())}
    assert named
    assert named - OF_COMPOSE <= set(Settings.model_fields)


def test_every_image_is_pinned() -> None:
    images = re.findall(
        r"(?:image:|FROM) (\S+)", "".join((ROOT / f).read_text() for f in ("docker-compose.yml", "Dockerfile"))
    )
    assert len(images) > 6
    assert all(re.search(r":(local|\d+\.\d+)", image) for image in images)
