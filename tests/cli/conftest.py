"""Data folders for embedded servers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    """Not below pytest's own folder: each pytest that root starts shuts PostgreSQL's account out of that one."""
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder:
        yield Path(folder) / "home"
