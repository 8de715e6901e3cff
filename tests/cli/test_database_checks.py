"""What a process finds out about its database before it works: each refusal is one line that says what to do."""

import asyncio
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from models.database.url import BadDatabaseUrl, driver_url
from models.keyring import Keyring
from models.session import make_engine
from tests.cli.running import environment, free_port
from tests.servers import SECRET_KEY, SEEDED, servers

PROCESSES = ("api", "worker", "seed", "sign-in-link")


def env_for(url: str, home: Path, key: str = SECRET_KEY) -> dict[str, str]:
    more = {"TEMPORAL_ADDRESS": servers().temporal_address, "TEMPORAL_NAMESPACE": "default"}
    return environment(home, free_port(), AFTERWORD_DATABASE_URL=url, AFTERWORD_SECRET_KEY=key, **more)


def execute(url: str, *statements: str, **values: object) -> None:
    async def run() -> None:
        engine = make_engine(url)
        async with engine.begin() as connection:
            for one in statements:
                await connection.execute(text(one), values)
        await engine.dispose()

    asyncio.run(run())


def refused(command: str, env: dict[str, str]) -> str:
    """The one line with which the command, forked as everything in tests, refuses to run."""
    log = Path(env["AFTERWORD_HOME"]) / f"{command}.log"
    log.unlink(missing_ok=True)
    assert servers().start(command, log, env).wait(30) == 1, log.read_text()
    line = log.read_text().splitlines()[-1]
    assert "Traceback" not in log.read_text()
    assert line.startswith("afterword: ")
    return line


# Keys


@pytest.mark.parametrize("command", PROCESSES)
def test_a_process_with_another_key_refuses_to_start(command: str, tmp_path: Path) -> None:
    line = refused(command, env_for(servers().database(SEEDED), tmp_path, "a key that nobody else has"))
    assert "AFTERWORD_SECRET_KEY can't decrypt what this database's other processes encrypted" in line
    assert "--discard-unreadable" in line
    assert "nobody else" not in line


CONNECTION = (
    "insert into integration (id, version, kind, name, config, is_enabled, secrets)"
    " values ('int_old', 1, 'console', 'Old', '{}', true, :sealed)"
)


def test_the_credentials_of_an_older_version_are_the_check(tmp_path: Path) -> None:
    """It left no check value, only credentials: a key that opens none of them is the wrong one."""
    url = servers().database(SEEDED)
    execute(url, "delete from key_check")
    execute(url, CONNECTION, sealed=Keyring("yesterday's key").seal({"token": "x"}))
    assert "AFTERWORD_SECRET_KEY can't decrypt" in refused("worker", env_for(url, tmp_path))
    servers().run("seed", tmp_path / "log", env_for(url, tmp_path, "new key,yesterday's key"))
    assert "AFTERWORD_SECRET_KEY can't decrypt" in refused("worker", env_for(url, tmp_path)), "the check is there now"


def test_a_lost_key_is_given_up_on_purpose(tmp_path: Path) -> None:
    url = servers().database(SEEDED)
    execute(url, CONNECTION, sealed=Keyring("a lost key").seal({"token": "x"}))
    ours = env_for(url, tmp_path, "a new key")
    assert "int_old" in refused("rotate-keys", ours)
    assert "can't decrypt" in refused("worker", ours), "nothing was given up yet"
    said = servers().run("rotate-keys --discard-unreadable", tmp_path / "log", ours)
    assert "enter the credentials of these connections again: int_old" in said
    assert "discarded" in _first(url, "select needs_attention from integration where id = 'int_old'")
    servers().run("seed", tmp_path / "log", ours)
    assert "can't decrypt" in refused("worker", env_for(url, tmp_path)), "the old key is no longer that of the others"


def _first(url: str, statement: str) -> str:
    async def run() -> str:
        engine = make_engine(url)
        async with engine.connect() as connection:
            found = str((await connection.execute(text(statement))).scalar_one())
        await engine.dispose()
        return found

    return asyncio.run(run())


# The database itself


@pytest.mark.parametrize("command", ["migrate", *PROCESSES])
def test_a_database_that_is_not_utf_8(command: str, tmp_path: Path) -> None:
    url = servers().database(SEEDED)
    name = f"latin{free_port()}"
    execute_alone(url, f"create database {name} encoding 'LATIN1' locale 'C' locale_provider 'libc' template template0")
    other = url.replace(urlsplit(url).path, f"/{name}")
    line = refused(command, env_for(other, tmp_path))
    assert "encoding is LATIN1" in line
    assert "--encoding UTF8" in line


def execute_alone(url: str, statement: str) -> None:
    async def run() -> None:
        engine = make_engine(url).execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(run())


@contextmanager
def pooler(url: str, ignored: tuple[bytes, ...], refuses: bool = False) -> Iterator[str]:
    """What PgBouncer does with settings that it doesn't track: it drops those that it was told to ignore, and else
    refuses the connection. Gives the URL to use instead."""
    (folder,) = parse_qs(urlsplit(url).query)["host"]
    (port,) = parse_qs(urlsplit(url).query)["port"]
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while given := source.recv(65_536):
                target.sendall(given)
            target.shutdown(socket.SHUT_WR)

    def serve(client: socket.socket) -> None:
        with client:
            serve_one(client)

    def serve_one(client: socket.socket) -> None:
        length = struct.unpack("!I", client.recv(4, socket.MSG_WAITALL))[0]
        packet = client.recv(length - 4, socket.MSG_WAITALL)
        if length == 8:  # it asks for TLS, then says who it is
            client.sendall(b"N")
            serve_one(client)
            return
        words = packet[4:].rstrip(b"\0").split(b"\0")
        pairs = list(zip(words[::2], words[1::2], strict=True))
        bad = [name for name, _ in pairs if name in ignored]
        if refuses and bad:
            said = b"SERROR\0C08P01\0Munsupported startup parameter: " + bad[0] + b"\0\0"
            client.sendall(b"E" + struct.pack("!I", len(said) + 4) + said)
            return
        kept = (
            packet[:4] + b"".join(name + b"\0" + value + b"\0" for name, value in pairs if name not in ignored) + b"\0"
        )
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(f"{folder}/.s.PGSQL.{port}")
            server.sendall(struct.pack("!I", len(kept) + 4) + kept)
            back = Thread(target=copy, args=(server, client), daemon=True)
            back.start()
            copy(client, server)
            back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                Thread(target=serve, args=(client,), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    with closing(listener):
        yield f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}{urlsplit(url).path}"


SETTINGS = (b"lock_timeout", b"idle_session_timeout", b"jit")


@pytest.mark.parametrize("command", ["migrate", *PROCESSES])
@pytest.mark.parametrize("refuses", [False, True])
def test_a_pooler_that_does_not_keep_our_settings(command: str, refuses: bool, tmp_path: Path) -> None:
    with pooler(servers().database(SEEDED), SETTINGS, refuses) as url:
        line = refused(command, env_for(url, tmp_path))
    assert "PgBouncer" in line
    assert "AFTERWORD_DATABASE_URL" in line


def test_a_plain_way_through_is_fine(tmp_path: Path) -> None:
    with pooler(servers().database(SEEDED), ()) as url:
        servers().run("seed", tmp_path / "log", env_for(url, tmp_path))


# Its address


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgresql+asyncpg://a:b@db:5432/x", "postgresql://a:b@db:5432/x"),
        ("postgres://a:b@db/x?sslmode=require", "postgresql://a:b@db/x?sslmode=require"),
        ("postgresql://a@db/x?sslmode=require&channel_binding=require", "postgresql://a@db/x?sslmode=require"),
        ("postgresql+asyncpg://a@db/x?ssl=require", "postgresql://a@db/x?sslmode=require"),
        ("postgresql+asyncpg://a@/x?host=/run/pg&port=5433", "postgresql://a@/x?host=/run/pg&port=5433"),
        ("postgres://a@db/x?connect_timeout=10&application_name=us", "postgresql://a@db/x?application_name=us"),
    ],
)
def test_addresses_as_managed_databases_print_them(given: str, read: str) -> None:
    assert driver_url(given) == read


@pytest.mark.parametrize("given", ["mysql://a:secret@db/x", "db:5432/x", "postgres://a:secret@db:port/x", "http://db"])
def test_an_address_that_is_none_is_refused_without_being_shown(given: str) -> None:
    with pytest.raises(BadDatabaseUrl) as refusal:
        driver_url(given)
    assert not re.search("secret|mysql", str(refusal.value))


@pytest.mark.parametrize("command", ["migrate", "seed"])
def test_an_option_that_cannot_be_read_is_one_line(command: str, tmp_path: Path) -> None:
    line = refused(command, env_for("postgresql://a:secret@127.0.0.1:9/x?sslmode=perhaps", tmp_path))
    assert "sslmode" in line
    assert "secret" not in line
