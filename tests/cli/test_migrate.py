"""``afterword migrate`` beside a database that is in use."""

import asyncio
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from models.session import make_engine
from runtime.database_checks import SCHEMA_VERSION
from tests.cli.running import ROOT, environment, free_port
from tests.cli.test_database_checks import env_for, execute_alone
from tests.servers import SEEDED, servers

OLD = "0015"


def _old_database(tmp_path: Path) -> str:
    seeded = servers().database(SEEDED)
    name = f"old{free_port()}"
    execute_alone(seeded, f"create database {name} template template0")
    url = seeded.replace(urlsplit(seeded).path, f"/{name}")
    env = environment(tmp_path, free_port(), AFTERWORD_DATABASE_URL=url)
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", OLD], cwd=ROOT, env=env, check=True, capture_output=True
    )
    return url


def test_the_version_that_processes_ask_for_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(Config(toml_file=ROOT / "pyproject.toml")).get_current_head() == SCHEMA_VERSION


async def test_nobody_waits_behind_a_migration_that_waits_for_a_long_reader(tmp_path: Path) -> None:
    url = await asyncio.to_thread(_old_database, tmp_path)
    engine = make_engine(url, lock_timeout="20s")
    log = tmp_path / "log"
    env = env_for(url, tmp_path)
    async with engine.connect() as long_reader:
        await long_reader.execute(text("select count(*) from postmortem"))
        migration = servers().start("migrate", log, env)
        async with engine.connect() as looking:
            waiting = text(
                "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
            while (await looking.execute(waiting)).first() is None:
                await looking.rollback()
                await asyncio.sleep(0.02)
        async with engine.connect() as reader:
            await reader.execute(text("select count(*) from postmortem"))
        assert migration.poll() is None, "it waits still, and tries again"
    assert await asyncio.to_thread(migration.wait, 60) == 0, log.read_text()
    async with engine.connect() as reader:
        assert (await reader.execute(text("select version_num from alembic_version"))).scalar_one() == SCHEMA_VERSION
    await engine.dispose()


async def test_two_at_once_are_one_after_the_other(tmp_path: Path) -> None:
    env = env_for(await asyncio.to_thread(_old_database, tmp_path), tmp_path)
    both = [servers().start("migrate", tmp_path / str(one), env) for one in range(2)]
    assert [await asyncio.to_thread(one.wait, 60) for one in both] == [0, 0]
