"""An expected problem is one line that says what to change, never a trace."""

import socket
from pathlib import Path

import pytest

from tests.cli.running import environment, free_port, refused

ELSEWHERE = "postgresql+asyncpg://nobody@127.0.0.1:9/nothing"


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("up", environment(tmp_path / "home", port))
    assert f"port {port}" in line
    assert "AFTERWORD_PORT" in line
    assert not (tmp_path / "home").exists(), "nothing is started for nothing"


def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "AFTERWORD_HOME" in refused("up", environment(tmp_path / "file" / "home", free_port()))


@pytest.mark.parametrize("command", ["api", "worker", "migrate", "seed"])
def test_a_process_of_its_own_needs_a_database(command: str, tmp_path: Path) -> None:
    assert "AFTERWORD_DATABASE_URL isn't set" in refused(command, environment(tmp_path, 8000))


@pytest.mark.parametrize("command", ["api", "worker", "seed", "up"])
def test_outside_embedded_mode_the_secret_key_is_ones_own(command: str, tmp_path: Path) -> None:
    env = environment(tmp_path / "home", free_port(), AFTERWORD_DATABASE_URL=ELSEWHERE)
    assert "AFTERWORD_SECRET_KEY isn't set" in refused(command, env)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AFTERWORD_PORT", "99999"), ("AFTERWORD_LOG_FORMAT", "xml"), ("AFTERWORD_DATABASE_URL", "mysql://secret@host/x")],
)
def test_a_setting_that_cannot_be(variable: str, value: str, tmp_path: Path) -> None:
    line = refused("migrate", environment(tmp_path, 8000) | {variable: value})
    assert variable in line
    assert "secret" not in line


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    line = refused("migrate", environment(tmp_path, 8000, AFTERWORD_DATABASE_URL=ELSEWHERE))
    assert "can't migrate" in line
