"""Makes ``.venv`` from the lock files, and the lock files from ``pyproject.toml``, with uv: https://docs.astral.sh/uv/

uv itself comes from the package index by pip, pinned and with hashes, into ``.cache/uv``.

``python3 cli/bootstrap.py run|dev|lock``, by any Python and before anything is installed: standard library
only, and no syntax that an old Python could not read far enough to be told that it is too old.

A stamp inside ``.venv`` says for which locks it is complete. It is written last and removed first, so that an
install that was interrupted is made again from nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "afterword-complete.json"
CACHE = ROOT / ".cache"
UV_VENV = CACHE / "uv"
LOG = CACHE / "bootstrap.log"
RUN_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
LOCKS = {"run": [RUN_LOCK], "dev": [RUN_LOCK, DEV_LOCK]}
FIRST_LINE = "# made by `make lock` from pyproject.toml; sha256 of its dependencies: "
NOT_INSTALLED = ("django", "asgiref", "sqlparse")
"""What django-htmx asks for: only the scripts in its wheel are used."""
SYNOPSIS = "usage: python3 cli/bootstrap.py run|dev|lock [--upgrade]"

# What pip or uv says -> what to do. The first that is found wins.
CAUSES = {
    r"Temporary failure in name resolution|Name or service not known|NameResolutionError|getaddrinfo failed"
    r"|Network is unreachable|NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError"
    r"|Connection (?:refused|reset|timed out)|No route to host|SSLError"
    r"|error sending request|dns error|client error \(Connect\)|operation timed out|invalid peer certificate": (
        "no network: the package index can't be reached. Check the connection (or pip's settings), then start again"
    ),
    r"No space left on device": "the disk is full: free about 1 GB, then start again",
    r"DO NOT MATCH THE HASHES|must have their versions pinned|Hash mismatch for": (
        "stale lock file: the package index doesn't have the packages in the lock file. Run `make"
        " lock`, then start again"
    ),
    r"No matching distribution found for (\S+)|there is no version of ([^\s,]+)"
    r"|([^\s,]+) has no (?:usable )?wheels": (
        "the package index has no {0} for this machine and Python: try Python 3.11 to 3.13, or run `make lock`"
    ),
    r"(?:unable to execute|command) '?(?:\S*gcc|cc|c\+\+|g\+\+|clang)'? failed: No such file"
    r"|No such file or directory: '(?:gcc|cc|c\+\+|clang|cargo|cmake)'|can't find Rust compiler"
    r"|C compiler cannot|[Ff]ailed (?:building|to build)": (
        "missing compiler: a package has no prebuilt wheel for this machine and must be compiled. "
        "Install one (Debian: apt-get install build-essential python3-dev), then start again"
    ),
}


class Refusal(Exception):
    """Something a person must put right; its text is one line."""


def main(words: list[str]) -> int:
    try:
        check_python()
        obey(words)
    except Refusal as refusal:
        print(f"afterword: {refusal}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"afterword: {error.filename or ROOT}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nafterword: interrupted; the next start repeats the installation", file=sys.stderr)
        return 130
    return 0


def obey(words: list[str]) -> None:
    if words[:1] == ["lock"]:
        lock(upgrade="--upgrade" in words)
    elif len(words) == 1 and words[0] in LOCKS:
        install(LOCKS[words[0]])
    else:
        raise Refusal(SYNOPSIS)


def check_python() -> None:
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return
    newer = [name for name in ("python3.13", "python3.12", "python3.11", "python3.14") if shutil.which(name)]
    raise Refusal(
        "Afterword needs Python 3.11 or newer, and this is {}.{}: {}".format(
            *sys.version_info[:2],
            f"set PYTHON={newer[0]} (make run PYTHON={newer[0]})" if newer else "install one, then start again",
        )
    )


# --- installing ---


def install(locks: list[Path]) -> None:
    """Brings ``.venv`` to what the locks say; does nothing if it is there already."""
    for path in locks:
        check_fresh(path)
    wanted = fingerprints(locks)
    if is_complete(wanted):
        return
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "bootstrap.lock").open("w") as claim:
        wait_for(claim.fileno())
        if not is_complete(wanted):
            make_venv(locks, wanted, claim.fileno())


def check_fresh(path: Path) -> None:
    if not path.exists():
        raise Refusal(f"{path.name} is missing: run `make lock`")
    with path.open(encoding="utf-8") as lines:
        if lines.readline().rstrip("\n") != FIRST_LINE + dependencies_digest():
            raise Refusal(
                f"stale lock file: {path.name} doesn't match pyproject.toml. Run `make lock`, then start again"
            )


def pyproject() -> dict:  # type: ignore[type-arg]
    import tomllib  # not there before 3.11

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def dependencies_digest() -> str:
    """Over everything in pyproject.toml that decides what a lock holds."""
    settings = pyproject()
    project = settings["project"]
    names = {
        "python": project["requires-python"],
        "run": sorted(project["dependencies"]),
        "dev": sorted(project["optional-dependencies"]["dev"]),
        "build": sorted(settings["build-system"]["requires"]),
    }
    return hashlib.sha256(json.dumps(names, sort_keys=True).encode()).hexdigest()


def fingerprints(locks: list[Path]) -> dict[str, str]:
    settings = pyproject()
    installed_from = {"project": settings["project"], "hatch": settings.get("tool", {}).get("hatch"), "at": str(ROOT)}
    return {
        "project": hashlib.sha256(json.dumps(installed_from, sort_keys=True).encode()).hexdigest(),
        **{path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in locks},
    }


def is_complete(wanted: dict[str, str]) -> bool:
    stamp = read_stamp()
    return stamp is not None and all(stamp.get(name) == digest for name, digest in wanted.items())


def read_stamp() -> dict[str, str] | None:
    """What ``.venv`` is complete for; None if it is not complete, was moved here, or has lost its Python."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return stamp if stamp.get("at") == str(VENV) and (VENV / "bin" / "python").exists() else None


def wait_for(claim: int) -> None:
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("afterword: another installation is running here; waiting for it", flush=True)
        fcntl.flock(claim, fcntl.LOCK_EX)


def make_venv(locks: list[Path], wanted: dict[str, str], claim: int) -> None:
    steps = Steps(claim)
    LOG.write_text("")
    uv = install_uv(steps)
    environment = child_environment()
    if read_stamp() is None:
        steps.run("creating .venv", [uv, "venv", "--clear", "--python", sys.executable, str(VENV)], environment)
    STAMP.unlink(missing_ok=True)
    steps.run("installing the locked packages", [uv, "pip", "sync", "--require-hashes", *map(str, locks)], environment)
    editable = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    steps.run("installing Afterword itself", [uv, "pip", "install", *editable], environment)
    half = STAMP.with_suffix(".new")
    half.write_text(json.dumps({**wanted, "at": str(VENV)}), encoding="utf-8")
    half.rename(STAMP)
    steps.say("done")


def install_uv(steps: Steps) -> str:
    """The uv of ``requirements-dev.lock``: its path. A venv of its own, so that ``.venv`` can be made from nothing."""
    pin = next(pin for pin in pins(DEV_LOCK.read_text(encoding="utf-8")) if pin.startswith("uv=="))
    mark = UV_VENV / "pin.txt"
    if not mark.exists() or mark.read_text(encoding="utf-8") != pin:
        steps.run("preparing uv", [sys.executable, "-m", "venv", "--clear", str(UV_VENV)])
        requirement = CACHE / "uv.txt"
        requirement.write_text(pin, encoding="utf-8")
        pip = [str(UV_VENV / "bin" / "python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        steps.run("installing uv", [*pip, "--require-hashes", "-r", str(requirement)])
        mark.write_text(pin, encoding="utf-8")
    return str(UV_VENV / "bin" / "uv")


def child_environment() -> dict[str, str]:
    """uv works on ``.venv`` and uses the mirror and the certificate that pip is set up with, unless it has its own."""
    kept = clean_environment() | {"VIRTUAL_ENV": str(VENV)}
    for ours, pips in (("UV_DEFAULT_INDEX", "index-url"), ("SSL_CERT_FILE", "cert")):
        if ours not in kept and (value := pip_setting(pips)):
            kept[ours] = value
    return kept


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}


def pip_setting(name: str) -> str | None:
    """As pip reads it from its files and the environment; None if it isn't set, or before there is a pip."""
    python = UV_VENV / "bin" / "python"
    if not python.exists():
        return None
    command = [str(python), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT).stdout
    found = re.findall(rf"(?m)^(?:global|install|:env:)\.{name}='(.*)'$", listed)
    return found[-1] if found else None


class Steps:
    """Runs commands quietly: one line of progress each, everything that they say in the log."""

    def __init__(self, claim: int) -> None:
        self.claim = claim
        self.started = time.monotonic()
        self.live = sys.stdout.isatty()

    def say(self, text: str, *, end: str = "\n") -> None:
        start = "\r\033[K" if self.live else ""
        print(f"{start}  {time.monotonic() - self.started:5.1f} s  {text}", end=end, flush=True)

    def run(self, title: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.say(title)
        # the child inherits the claim: if this process is killed, the next one waits until the child is done
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=[self.claim],
            cwd=ROOT,
            env=environment or clean_environment(),
        )
        said: list[str] = []
        with process, LOG.open("a", encoding="utf-8") as log:
            for line in process.stdout or ():
                log.write(line)
                said.append(line.rstrip())
                self.show(title, said)
        if self.live:
            print("\r\033[K", end="", flush=True)
        if process.returncode:
            raise Refusal(explain(title, said))

    def show(self, title: str, said: list[str]) -> None:
        if self.live:
            self.say(f"{title} ... {said[-1].strip()[:60]}", end="")


def explain(title: str, said: list[str]) -> str:
    text = "\n".join(said)
    if "ensurepip is not" in text:
        return (
            "this Python can't create virtual environments: install its venv package "
            f"(Debian: apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv), then start again"
        )
    for pattern, advice in CAUSES.items():
        found = re.search(pattern, text)
        if found:
            named = next((one for one in found.groups() if one), "")
            return advice.format(named) + f" (full output: {LOG})"
    tail = "\n".join(f"    {line}" for line in said[-12:])
    return f"{title} failed (full log: {LOG}). Its last lines:\n{tail}"


# --- locking ---


def lock(*, upgrade: bool) -> None:
    """Writes both locks for every platform. Pins that still fit are kept, unless ``upgrade``."""
    settings = pyproject()
    # hatchling asks for editables when it makes an editable install; the build must not fetch anything itself
    build = "\n".join([*settings["build-system"]["requires"], "editables>=0.5"])
    compile_ = [
        *(
            uv_for_locks(settings),
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--generate-hashes",
            "--python-version",
            "3.11",
        ),
        *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
        *(f"--no-emit-package={name}" for name in NOT_INSTALLED),
        *(["--upgrade"] if upgrade else []),
    ]
    compile_lock([*compile_, "pyproject.toml", "-"], RUN_LOCK, build)
    compile_lock([*compile_, "pyproject.toml", "--extra", "dev", "-c", RUN_LOCK.name], DEV_LOCK, "")
    run_pins = set(pins(RUN_LOCK.read_text(encoding="utf-8")))
    extra = [pin for pin in pins(DEV_LOCK.read_text(encoding="utf-8")) if pin not in run_pins]
    DEV_LOCK.write_text(FIRST_LINE + dependencies_digest() + "\n" + "".join(extra), encoding="utf-8")
    print(f"{RUN_LOCK.name}: {len(run_pins)} packages; {DEV_LOCK.name}: {len(extra)} more")


def compile_lock(command: list[str], path: Path, more: str) -> None:
    new = path.with_suffix(".new")
    if path.exists():
        shutil.copyfile(path, new)  # uv prefers what the file that it writes already pins
    try:
        done = subprocess.run(
            [*command, "--output-file", str(new)], cwd=ROOT, input=more, text=True, capture_output=True, check=False
        )
        if done.returncode:
            raise Refusal(f"uv couldn't create {path.name}\n{done.stderr.strip()}")
        pinned = "".join(pins(new.read_text(encoding="utf-8")))
        path.write_text(FIRST_LINE + dependencies_digest() + "\n" + pinned, encoding="utf-8")
    finally:
        new.unlink(missing_ok=True)


def pins(text: str) -> list[str]:
    """The lock's requirements, each with its lines of hashes."""
    return re.findall(r"(?m)^[A-Za-z0-9].*\n(?:[ \t]+.*\n)*", text)


def uv_for_locks(settings: dict) -> str:  # type: ignore[type-arg]
    """Where uv is. Before there is a lock that pins it, the newest one that ``pyproject.toml`` allows."""
    for place in (VENV / "bin" / "uv", UV_VENV / "bin" / "uv"):
        if place.exists():
            return str(place)
    wanted = next(word for word in settings["project"]["optional-dependencies"]["dev"] if re.match(r"uv\b", word))
    CACHE.mkdir(exist_ok=True)
    LOG.write_text("")
    with (CACHE / "bootstrap.lock").open("w") as claim:
        wait_for(claim.fileno())
        steps = Steps(claim.fileno())
        steps.run("preparing uv", [sys.executable, "-m", "venv", "--clear", str(UV_VENV)])
        steps.run("installing uv", [str(UV_VENV / "bin" / "python"), "-m", "pip", "install", "--no-input", wanted])
    return str(UV_VENV / "bin" / "uv")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
