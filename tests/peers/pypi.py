"""Pinned PyPI packages that tests stand on, fetched once into the ignored ``.cache/``.

Nothing of them is installed into the project: a vendor's document may be part of someone's wheel.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers.npm import once


def wheel_file(package: str, version: str, member: str) -> Path:
    """One file out of a package's wheel, such as ``arcade_asana_api/moar/openapi.json``."""
    return packages(f"pypi-{package}-{version}", f"{package}=={version}") / member


def packages(name: str, *pins: str) -> Path:
    """A folder of that name with these packages, without their dependencies."""

    def unpack(into: Path) -> None:
        uv = str(Path(sys.executable).parent / "uv")
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--target", str(into), *pins]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        except subprocess.TimeoutExpired:
            pytest.fail(f"fetching {', '.join(pins)} took longer than 240 s", pytrace=False)
        if done.returncode:
            output = f"{done.stdout}\n{done.stderr}".strip()[-2000:]
            pytest.fail(f"{', '.join(pins)} could not be fetched; these tests need it once:\n{output}", pytrace=False)

    return once(name, unpack)
