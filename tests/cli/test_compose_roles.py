"""The roles of the Compose file: its script is run as it stands, Afterword migrates as its role, Temporal stays out."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from runtime.embedded import postgres
from runtime.embedded.home import Home
from runtime.processes import environment_without
from tests.cli.running import ROOT

AFTERWORD, TEMPORAL = 'it\'s "secret" \\ $HOME', "temporal-password"
PASSWORDS = {"AFTERWORD_ROLE_PASSWORD": AFTERWORD, "TEMPORAL_ROLE_PASSWORD": TEMPORAL}


def script() -> str:
    """The command of the service ``roles``, as Compose hands it to the shell."""
    service = (ROOT / "docker-compose.yml").read_text().split("\n  roles:\n")[1].split("\n\n  ")[0]
    indented = service.split("command:\n      - |\n")[1]
    return re.sub(r"^ {8}", "", indented, flags=re.MULTILINE).replace("$$", "$")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL that asks for passwords, as the image does over the network."""

    sockets: Path

    def run_script(self, text: str | None = None, **passwords: str) -> subprocess.CompletedProcess[str]:
        env = environment_without("PG") | PASSWORDS | passwords
        env |= {"PGHOST": str(self.sockets), "PGUSER": "postgres", "PGPASSWORD": ""}
        env["PATH"] = f"{postgres._programs()}{os.pathsep}{env['PATH']}"
        words = ["/bin/sh", "-euc", text or script()]
        return subprocess.run(words, env=env, capture_output=True, text=True, check=False)

    def ask(self, role: str, database: str, statement: str, password: str = "") -> str:
        """What it answers, with warnings and errors."""
        words = [str(postgres._programs() / "psql"), "-XtAq", "-v", "ON_ERROR_STOP=1", "-c", statement]
        words += ["-h", str(self.sockets), "-U", role, "-d", database, "-w"]
        env = environment_without("PG") | {"PGPASSWORD": password}
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip()

    def url(self, password: str) -> str:
        return f"postgresql://afterword:{quote(password, safe='')}@/afterword?host={quote(str(self.sockets))}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("roles")
    for step in (folder, folder.parent, folder.parent.parent):
        step.chmod(0o711)
    with Home.claim(folder / "home") as home:
        server = postgres.start(home)
        try:
            server.part.wait_until_ready()
            rules = home.path / "postgres" / "pg_hba.conf"
            rules.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
            server.ask("psql", "-d", "postgres", "-c", "select pg_reload_conf()")
            one = Cluster(server.sockets)
            done = one.run_script()
            assert done.returncode == 0, done.stderr
            yield one
        finally:
            server.part.stop()


def test_it_is_safe_to_repeat_and_sets_a_new_password(cluster: Cluster) -> None:
    assert cluster.ask("afterword", "afterword", "select 1", AFTERWORD) == "1"
    assert cluster.run_script(TEMPORAL_ROLE_PASSWORD="another").returncode == 0
    assert "password authentication failed" in cluster.ask("temporal", "temporal", "select 1", TEMPORAL)
    assert cluster.ask("temporal", "temporal", "select 1", "another") == "1"
    assert cluster.run_script().returncode == 0


def test_a_step_that_fails_fails_the_whole(cluster: Cluster) -> None:
    """Whoever waits for this service waits for its success."""
    first = 'role afterword "$AFTERWORD_ROLE_PASSWORD"'
    assert first in script()
    assert cluster.run_script(script().replace(first, 'role "" "$AFTERWORD_ROLE_PASSWORD"')).returncode != 0


def test_afterword_migrates_and_seeds_as_its_role(cluster: Cluster) -> None:
    env = environment_without("PG") | {
        "AFTERWORD_DATABASE_URL": cluster.url(AFTERWORD),
        "AFTERWORD_SECRET_KEY": "test-secret-key",
        "AFTERWORD_BOOTSTRAP_TOKEN": "test-administrator-token",
    }
    for command in ("migrate", "seed"):
        words = [sys.executable, "-m", "cli.main", command]
        done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert int(cluster.ask("afterword", "afterword", "select count(*) from person", AFTERWORD)) >= 1
    attributes = "select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls from pg_roles"
    for role in ("afterword", "temporal"):
        told = cluster.ask("postgres", "postgres", f"{attributes} where rolname = '{role}'")
        assert told == "f|f|f|f|f", "neither is more than a role that logs in"


def test_neither_role_reaches_what_the_other_one_keeps(cluster: Cluster) -> None:
    denied = "permission denied for database"
    assert denied in cluster.ask("temporal", "afterword", "select 1", TEMPORAL)
    for database in ("temporal", "temporal_visibility"):
        assert denied in cluster.ask("afterword", database, "select 1", AFTERWORD)
        assert cluster.ask("temporal", database, "create table mine (id int); drop table mine", TEMPORAL) == ""
        assert cluster.ask("postgres", database, "show server_encoding") == "UTF8"
    for statement in (
        "grant connect on database afterword to temporal",
        "alter database afterword owner to temporal",
        "alter role afterword password 'mine'",
        "set role afterword",
        "create role more login",
        "create database more",
        "create extension dblink",
        "copy (select 1) to program 'true'",
        "select pg_read_file('postgresql.conf')",
        "drop database afterword",
    ):
        told = cluster.ask("temporal", "temporal", statement, TEMPORAL)
        assert "ERROR" in told or "no privileges were granted" in told, (statement, told)
    assert denied in cluster.ask("temporal", "afterword", "select 1", TEMPORAL), "after all of that"


def test_roles_need_their_own_passwords(cluster: Cluster) -> None:
    assert "password authentication failed" in cluster.ask("afterword", "afterword", "select 1", TEMPORAL)
    assert "no password supplied" in cluster.ask("temporal", "temporal", "select 1")
