"""What the command line and make say about themselves."""

import re
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
import typer.main

from cli.commands import app
from runtime.settings_check import known_names
from tests.cli.running import ROOT

GROUP: Any = typer.main.get_command(app)
COMMANDS = [name for name, one in GROUP.commands.items() if not one.hidden]


def run(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60, **more)


def test_make_alone_lists_the_targets() -> None:
    listed = run("make").stdout
    targets = re.findall(r"^make ([a-z-]+)", listed, flags=re.MULTILINE)
    phony = re.findall(r"^\.PHONY: (?!\.dev)(.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(targets) == {one for line in phony for one in line.split()} | {"test-nightly", "test-any-day"}


def test_the_version_is_printed() -> None:
    said = run(sys.executable, "-m", "cli.main", "--version")
    assert (said.returncode, said.stdout) == (0, f"afterword {version('afterword')}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_the_settings_and_an_example(name: str) -> None:
    epilog = GROUP.commands[name].epilog
    settings, example = epilog.split("\n\n")
    named = re.findall(r"AFTERWORD_[A-Z_]+", settings)
    assert named
    assert set(named) <= set(known_names())
    assert f"afterword {name}" in example
    assert settings.partition(",")[0] in " ".join(run(sys.executable, "-m", "cli.main", name, "--help").stdout.split())


def test_examples_are_commands_that_exist() -> None:
    for name in COMMANDS:
        words = GROUP.commands[name].epilog.rpartition("Example: ")[2].split()
        given = words[words.index("afterword") + 2 :]
        known = {option for one in GROUP.commands[name].params for option in one.opts}
        assert {one for one in given if one.startswith("--")} <= known, name


def test_a_mistyped_setting_stops_the_start_with_the_nearest_name() -> None:
    said = run(
        sys.executable, "-m", "cli.main", "migrate", env={"AFTERWORD_DATABASE_ULR": "x", "PATH": "/usr/bin:/bin"}
    )
    assert said.returncode == 1
    assert (
        said.stderr == "afterword: there is no setting AFTERWORD_DATABASE_ULR: did you mean AFTERWORD_DATABASE_URL?\n"
    )
