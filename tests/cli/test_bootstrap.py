"""``make run`` on a fresh machine: clear refusals, and no half-made .venv that is taken for complete."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli import bootstrap
from tests.cli.running import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the bootstrap reads."""
    (tmp_path / "cli").mkdir()
    for name in ("cli/bootstrap.py", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def run(checkout: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "cli/bootstrap.py", *words],
        cwd=checkout,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stdout
    assert done.stderr.startswith("afterword: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_the_committed_locks_belong_to_this_pyproject() -> None:
    for lock in (bootstrap.RUN_LOCK, bootstrap.DEV_LOCK):
        bootstrap.check_fresh(lock)


def test_the_locks_name_every_package_once_with_hashes_and_no_address() -> None:
    text = bootstrap.RUN_LOCK.read_text() + bootstrap.DEV_LOCK.read_text()
    pins = bootstrap.pins(text)
    names = [pin.split(" ;")[0].split(" \\")[0] for pin in pins]
    assert len(names) == len(set(names)) > 60
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in text


@pytest.mark.parametrize("change", ["dependency", "first line"])
def test_a_stale_lock(checkout: Path, change: str) -> None:
    path = checkout / ("pyproject.toml" if change == "dependency" else "requirements.lock")
    text = path.read_text()
    path.write_text(text.replace('"typer>=', '"typer>0,>=') if change == "dependency" else text.partition("\n")[2])
    assert "stale lock file: requirements.lock" in (line := refusal(run(checkout, "run")))
    assert "make lock" in line
    assert not (checkout / ".venv").exists()


def test_a_missing_lock(checkout: Path) -> None:
    (checkout / "requirements-dev.lock").unlink()
    assert "requirements-dev.lock is missing: run `make lock`" in refusal(run(checkout, "dev"))


def test_an_unknown_command(checkout: Path) -> None:
    assert "usage" in refusal(run(checkout, "walk"))


def test_an_old_python(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST_PYTHON", (99, 0))
    assert bootstrap.main(["run"]) == 1
    assert "Afterword needs Python 3.11 or newer" in capsys.readouterr().err


NOWHERE = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "",
    "PIP_RETRIES": "1",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_CONFIG_FILE": os.devnull,
    "UV_NO_CACHE": "1",
    "UV_HTTP_RETRIES": "0",
}
"""pip is told to go to an index that isn't there; uv is told nothing, and goes where pip goes."""


def test_no_network_is_one_line_and_nothing_is_half_made(checkout: Path) -> None:
    assert "no network" in refusal(run(checkout, "run", **NOWHERE))
    assert not (checkout / ".venv").exists()
    assert "http://127.0.0.1:9" in (checkout / ".cache" / "bootstrap.log").read_text()


def test_a_network_that_goes_away_leaves_a_venv_that_is_not_believed(checkout: Path) -> None:
    cache = checkout / ".cache"
    cache.mkdir()
    with (cache / "claim").open("w") as claim:
        bootstrap.install_uv(bootstrap.Steps(claim.fileno()))
    (cache / "uv").symlink_to(bootstrap.UV_VENV)
    assert "no network" in refusal(run(checkout, "run", **NOWHERE))
    assert (checkout / ".venv" / "bin" / "python").exists()
    assert not (checkout / ".venv" / bootstrap.STAMP.name).exists()
    assert "http://127.0.0.1:9" in (checkout / ".cache" / "bootstrap.log").read_text()


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (
            "error: command 'gcc' failed: No such file or directory\nERROR: Failed building wheel for x",
            "missing compiler",
        ),
        ("  error: [Errno 2] No such file or directory: 'cargo'", "missing compiler"),
        ("ERROR: Failed to build installable wheels for some pyproject.toml based projects (nh3)", "missing compiler"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "no network"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "stale lock file"),
        ("ERROR: No matching distribution found for uvloop==0.23.0", "no uvloop==0.23.0 for this machine"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("  cause: error sending request for url (http://127.0.0.1:9/simple/six/)", "no network"),
        ("  cause: Hash mismatch for `six==1.16.0`", "stale lock file"),
        ("  cause: Because there is no version of six==99.0 and you require", "no six==99.0 for this machine"),
        ("  cause: Because uvloop==0.21.0 has no usable wheels and you require", "no uvloop==0.21.0 for this machine"),
        ("error: Failed to build `nh3==0.3.2`", "missing compiler"),
        ("The virtual environment was not created successfully because ensurepip is not\navailable.", "-venv"),
    ],
)
def test_what_pip_or_uv_says_becomes_one_line(said: str, advice: str) -> None:
    line = bootstrap.explain("installing", ["noise", *said.splitlines(), "more noise"])
    assert advice in line
    assert "\n" not in line


def test_an_unknown_failure_shows_the_end_of_the_output() -> None:
    shown = bootstrap.explain("installing", [f"line {number}" for number in range(100)])
    assert "line 99" in shown
    assert "line 80" not in shown


@pytest.fixture
def complete(checkout: Path) -> Path:
    """A checkout whose .venv says that it is complete, without the minute that this takes."""
    wanted = run_fingerprints(checkout)
    venv = checkout / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / bootstrap.STAMP.name).write_text(json.dumps({**wanted, "at": str(venv)}))
    return checkout


def run_fingerprints(checkout: Path) -> dict[str, str]:
    code = "import json, bootstrap as b; print(json.dumps(b.fingerprints([b.RUN_LOCK])))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout / "cli", capture_output=True, text=True, check=True
    )
    fingerprints: dict[str, str] = json.loads(done.stdout)
    return fingerprints


def test_a_complete_venv_is_left_alone_at_once(complete: Path) -> None:
    began = time.monotonic()
    done = run(complete, "run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - began < 1.5  # 0.1 s by itself; other tests may run beside it


@pytest.mark.parametrize("change", ["lock", "moved", "python gone", "stamp half written"])
def test_a_venv_that_no_longer_fits_is_not_complete(
    complete: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if change == "moved":
        complete = complete.rename(complete.with_name("elsewhere"))
    venv = complete / ".venv"
    stamp = venv / bootstrap.STAMP.name
    wanted = run_fingerprints(complete)
    if change == "lock":
        wanted["requirements.lock"] = "another"
    if change == "python gone":
        (venv / "bin" / "python").unlink()
    if change == "stamp half written":
        stamp.write_text(stamp.read_text()[:20])
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "STAMP", stamp)
    assert not bootstrap.is_complete(wanted)
