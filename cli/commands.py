"""One command for each process of production, and ``up`` for all of them on one machine."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import typer
from pydantic import ValidationError

from cli.processes import PATIENCE, run_processes
from cli.required import require_database, require_key
from runtime.processes import CannotStart
from runtime.settings import Settings, get_settings

ROOT = Path(__file__).resolve().parents[1]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
AS = typer.Option("user_admin", "--as", help="An administrator: a handle, an e-mail, or an id.")
FORMATS = typer.Option(["md", "json"], "--format", help="pdf, docx, html, md, or json; may be given several times.")
TARGET = typer.Argument(..., dir_okay=False, help="Where to write the archive, a zip.")
SOURCES = typer.Argument(
    ..., exists=True, dir_okay=False, help="An archive that Afterword exported, or Markdown files, also in a zip."
)
PROCESSES = typer.Option(None, min=1, max=64, help="How many processes share the work, instead of the setting.")


def usage(example: str, *names: str) -> str:
    """What ``--help`` ends with: the settings that a command reads, without their prefix, and an example."""
    return f"Settings: {', '.join(f'AFTERWORD_{one}' for one in names)}.\n\nExample: {example}"


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"afterword {version('afterword')}")
        raise typer.Exit


@app.callback()
def main(
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version, and exit."
    ),
) -> None:
    """Afterword, the hub for post-incident reviews. Its settings are environment variables: see docs/settings.md."""


@app.command(
    epilog=usage(
        "AFTERWORD_PORT=9000 afterword up",
        "HOME",
        "HOST",
        "PORT",
        "PUBLIC_URL",
        "DEMO",
        "API_PROCESSES",
        "WORKER_PROCESSES",
    )
)
def up() -> None:
    """Start everything on this machine. Press Ctrl-C to stop."""
    from cli.up import up as start

    sys.exit(start(settings()))


@app.command(
    epilog=usage(
        "afterword api --processes 4",
        "DATABASE_URL",
        "SECRET_KEY",
        "HOST",
        "PORT",
        "PUBLIC_URL",
        "API_PROCESSES",
        "DRAIN_SECONDS",
        "TRUSTED_PROXIES",
        "OBJECT_STORE",
    )
)
def api(processes: int | None = PROCESSES) -> None:
    """Serve the API and the web pages."""
    from cli.listening import listen
    from cli.serving import serve, share_metrics

    current = configured(api_processes=processes)
    asyncio.run(refuse_unfit(current, may_come_back=True))
    with listen(current.host, current.port) as listener:
        if current.api_processes == 1:
            serve(0, listener)
            return
        with tempfile.TemporaryDirectory(prefix="afterword-metrics-") as folder:
            share_metrics(folder)
            patience = PATIENCE + current.drain_seconds
            run_processes("API", current.api_processes, serve, listener, patience=patience)


@app.command(
    epilog=usage(
        "afterword worker --processes 2",
        "DATABASE_URL",
        "SECRET_KEY",
        "PUBLIC_URL",
        "WORKER_PROCESSES",
        "WORKER_METRICS",
        "OBJECT_STORE",
        "RECONCILE_MINUTES",
        "SWEEP_SECONDS",
    )
)
def worker(processes: int | None = PROCESSES) -> None:
    """Run workflows and activities."""
    from cli.serving import work

    current = configured(worker_processes=processes)
    if current.worker_processes == 1:
        work(0)
    else:
        run_processes("worker", current.worker_processes, work)


@app.command(
    epilog=usage(
        "AFTERWORD_DATABASE_URL=postgresql://afterword@db.example.com/afterword afterword migrate", "DATABASE_URL"
    )
)
def migrate() -> None:
    """Migrate the database to this version. Safe to run more than once, and in parallel."""
    require_database(settings())
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError
    from asyncpg import PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        command.upgrade(Config(toml_file=ROOT / "pyproject.toml"), "head")
    except (CommandError, PostgresError, SQLAlchemyError, OSError) as problem:
        raise CannotStart(f"can't migrate: {_first_line(problem)}") from problem


@app.command(epilog=usage("AFTERWORD_DEMO=1 afterword seed", "DATABASE_URL", "SECRET_KEY", "BOOTSTRAP_TOKEN", "DEMO"))
def seed() -> None:
    """Create the first administrator and, with AFTERWORD_DEMO=1, demo data. Safe to run more than once."""
    current = configured()
    from runtime.seed import seed as sow

    asyncio.run(refuse_unfit(current))
    asyncio.run(sow(current))


@app.command(epilog=usage("afterword setup-code", "DATABASE_URL", "SECRET_KEY"))
def setup_code() -> None:
    """Print the code that the page /setup asks for, where the first administrator is made."""
    current = configured()
    from application.people.first_administrator import set_up_code
    from runtime.connections import open_keyring

    print(set_up_code(open_keyring(current)))


@app.command(epilog=usage("afterword sign-in-link jane", "DATABASE_URL", "SECRET_KEY", "PUBLIC_URL"))
def sign_in_link(
    handle: str = typer.Argument("user_admin", help="The person to sign in: a handle, an e-mail, or an id."),
) -> None:
    """Print a sign-in link for a person. It works once, within a day."""
    current = configured()
    from runtime.sign_in import make_link

    asyncio.run(refuse_unfit(current))

    print(asyncio.run(make_link(current, handle)))


@app.command(
    name="export",
    epilog=usage(
        "afterword export --format pdf --format json archive.zip", "DATABASE_URL", "SECRET_KEY", "OBJECT_STORE"
    ),
)
def export_archive(target: Path = TARGET, formats: list[str] = FORMATS, person: str = AS) -> None:
    """Export all postmortems as an archive. It can be imported again if it holds JSON."""
    current = configured()
    from domain.documents.formats import Format
    from runtime.archives import export_archive as write

    known = [one.value for one in Format]
    if unknown := [one for one in formats if one not in known]:
        raise CannotStart(f"'{unknown[0]}' isn't a format: use {', '.join(known)}")
    asyncio.run(refuse_unfit(current))
    asyncio.run(write(current, person, target, [Format(one) for one in dict.fromkeys(formats)], print))


@app.command(
    name="import", epilog=usage("afterword import --dry-run archive.zip", "DATABASE_URL", "SECRET_KEY", "OBJECT_STORE")
)
def import_files(
    sources: list[Path] = SOURCES,
    dry_run: bool = typer.Option(False, "--dry-run", help="Only show what would go where."),
    keep: bool = typer.Option(
        False, "--keep", help="Keep status, visibility, author, and owners of Afterword's own archives."
    ),
    person: str = AS,
) -> None:
    """Import postmortems. Each becomes a private draft unless it is kept as it was."""
    current = configured()
    from runtime.archives import import_files as read

    asyncio.run(refuse_unfit(current))
    asyncio.run(read(current, person, sources, print, dry_run=dry_run, keep=keep))


@app.command(epilog=usage("AFTERWORD_SECRET_KEY=new,old afterword rotate-keys", "DATABASE_URL", "SECRET_KEY"))
def rotate_keys(
    discard_unreadable: bool = typer.Option(
        False, help="If a key is lost: delete the credentials that no key decrypts, and go on with the keys you have."
    ),
) -> None:
    """Re-encrypt all stored credentials with the first key of AFTERWORD_SECRET_KEY. You can then remove the others."""
    current = configured()
    from runtime.rotation import rotate_keys as rotate

    done, locked = asyncio.run(rotate(current, discard_unreadable=discard_unreadable))
    print(f"{done} connections are encrypted with the first key")
    if locked and discard_unreadable:
        print(f"enter the credentials of these connections again: {', '.join(locked)}")
    elif locked:
        raise CannotStart(
            f"no key decrypts the credentials of {', '.join(locked)}: add the key that they were encrypted with,"
            " or run this again with --discard-unreadable and enter them again"
        )


@app.command(epilog=usage("afterword simulate --from 2026-12-01T09:00Z", "DATABASE_URL"))
def simulate(
    begin: str = typer.Option(..., "--from", metavar="INSTANT", help="When the incident is resolved, in ISO 8601."),
    policy: str | None = typer.Option(
        None, metavar="ID", help="A policy in the database, instead of the default policy."
    ),
    days: int = typer.Option(30, min=1, max=366, help="How many days to simulate; weekly reminders repeat."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead of a table, with times in UTC."),
) -> None:
    """Print every reminder that Afterword would send if no one did anything: to whom, and when."""
    from cli.simulate import format_simulation, read_instant, read_policy
    from domain.escalation.policy import Policy

    start = read_instant(begin)
    if policy is None:
        content = Policy("Default")
    else:
        current = settings()
        require_database(current)
        content = read_policy(current, policy)
    print(format_simulation(content, start, days, as_json=as_json))


@app.command(hidden=True)
def check_migrations() -> None:
    """Check that the migrations create exactly the tables of ``models``, in a temporary database."""
    from runtime.embedded import postgres

    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, postgres.running(Path(folder)) as url:
        env = {**os.environ, "AFTERWORD_DATABASE_URL": url}
        for step in (["cli.main", "migrate"], ["alembic", "check"]):
            if subprocess.run([sys.executable, "-m", *step], cwd=ROOT, env=env, check=False).returncode:
                raise CannotStart("the migrations and the models don't match")


def settings() -> Settings:
    """Raises CannotStart, with a sentence for each name that is no setting, or for each value that isn't allowed."""
    from runtime.settings_check import problems_of, unknown_names

    if unknown := unknown_names(os.environ):
        raise CannotStart("; ".join(unknown))
    try:
        return get_settings()
    except ValidationError as error:
        raise CannotStart("; ".join(problems_of(error))) from None


def configured(**changes: int | None) -> Settings:
    """The settings, once all that a process of its own cannot do without is there; its children get the changes."""
    for name, value in changes.items():
        if value is not None:
            os.environ[f"AFTERWORD_{name.upper()}"] = str(value)
            get_settings.cache_clear()
    current = settings()
    require_database(current)
    require_key(current)
    return current


async def refuse_unfit(current: Settings, *, may_come_back: bool = False) -> None:
    """Raises ``CannotStart`` if this process would do harm with its database, or can't work with it.

    Where a database that is away ``may_come_back``, the process starts, and finds out later.
    """
    from models.session import StoreError
    from runtime.connections import open_database, open_keyring
    from runtime.database_checks import SchemaBehind, require_fit

    database = open_database(current)
    try:
        await require_fit(database.sessions, open_keyring(current))
    except (SchemaBehind, StoreError, OSError) as problem:
        if not may_come_back:
            raise CannotStart(_first_line(problem)) from problem
        print(f"afterword: starting, although {_first_line(problem)}", file=sys.stderr)
    finally:
        await database.close()


def _first_line(problem: Exception) -> str:
    line = next(iter(str(problem).splitlines()), type(problem).__name__)
    return re.sub(r"^\([\w.]+\) ", "", line)  # SQLAlchemy names its class first
