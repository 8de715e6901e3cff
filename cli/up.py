"""``afterword up``: the whole of Afterword on one machine, from nothing to a web address."""

import base64
import http.client
import json
import os
import secrets
import subprocess
import sys
from contextlib import suppress

from cli.listening import listen
from cli.required import require_database, require_key
from cli.supervisor import ROOT, Stopped, Supervisor
from runtime.embedded import postgres, temporal
from runtime.embedded.home import Home
from runtime.processes import CannotStart, Part
from runtime.settings import Settings

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
SERVERS_GET = 30.0  # seconds to become ready
STEPS_GET = 600.0  # the migration of a large database
API_GETS = 60.0


def up(settings: Settings) -> int:
    """The exit code: 0 when somebody asked for the end, 1 when a part ended or did not start."""
    if settings.database_url:
        require_database(settings)
        require_key(settings)
    listen(settings.host, settings.port).close()  # before anything is started for nothing
    with Home.claim(settings.home) as home:
        supervisor = Supervisor(home)
        try:
            _start_all(supervisor, settings)
            supervisor.watch()
        except Stopped:
            return 0
        except CannotStart as problem:
            print(f"afterword: {problem}", file=sys.stderr, flush=True)
            return 1
        finally:
            supervisor.stop()
    return 0


def _start_all(supervisor: Supervisor, settings: Settings) -> None:
    supervisor.say(f"starting in {supervisor.home.path}")
    env = {**os.environ, "AFTERWORD_HOME": str(supervisor.home.path), "PYTHONUNBUFFERED": "1"}
    env |= _credentials(supervisor.home, settings)
    embedded = settings.database_url is None
    demo = embedded if settings.demo is None else settings.demo
    alone = embedded and settings.public_url is None and settings.host in LOOPBACK
    env |= {"AFTERWORD_DEMO": "1" if demo else "0", "AFTERWORD_DEMO_SIGN_IN": "1" if demo and alone else "0"}
    env["AFTERWORD_DRAIN_SECONDS"] = "0"  # no proxy is to be told
    env, ui = _start_servers(supervisor, settings, env)
    supervisor.run_to_end(["migrate"], env, STEPS_GET)
    supervisor.say("the tables are up to date")
    supervisor.run_to_end(["seed"], env, STEPS_GET)
    supervisor.say("the first administrator" + (" and the demo data exist" if demo else " exists"))

    def start_worker() -> Part:
        return supervisor.start(["worker"], "the worker", env, lambda: True)

    def start_api() -> Part:
        return supervisor.start(["api"], "the API", env, lambda: _ask(settings)[0] == http.HTTPStatus.OK)

    supervisor.keep(start_worker(), start_worker)
    api = start_api()
    supervisor.keep(api, start_api)
    supervisor.wait_until_ready(api, API_GETS, lambda: f": {_ask(settings)[1]}")
    supervisor.say("the API and the worker are ready")
    _announce(settings, env, supervisor.home, ui)


def _credentials(home: Home, settings: Settings) -> dict[str, str]:
    key, token = settings.secret_key, settings.bootstrap_token
    return {
        "AFTERWORD_SECRET_KEY": key.get_secret_value() if key else home.secret("secret_key", _make_key),
        "AFTERWORD_BOOTSTRAP_TOKEN": (
            token.get_secret_value() if token else home.secret("bootstrap_token", lambda: secrets.token_urlsafe(24))
        ),
    }


def _make_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _start_servers(
    supervisor: Supervisor, settings: Settings, env: dict[str, str]
) -> tuple[dict[str, str], str | None]:
    """Starts what is not given from outside, side by side. The environment with their addresses, Temporal's UI."""
    home = supervisor.home
    database = postgres.start(home) if settings.database_url is None else None
    if database:
        supervisor.keep(database.part, lambda: postgres.start(home).part)
    engine = None
    if not env.get("TEMPORAL_ADDRESS"):
        engine = temporal.start(home, namespace=env.get("TEMPORAL_NAMESPACE", "default"))
        supervisor.keep(engine.part, engine.start_again)
    if database:
        supervisor.wait_until_ready(database.part, SERVERS_GET)
        database.create_database("afterword")
        env = {**env, "AFTERWORD_DATABASE_URL": database.url("afterword")}
        supervisor.say("PostgreSQL is ready")
    if engine:
        supervisor.wait_until_ready(engine.part, SERVERS_GET)
        # what else a person has configured (a key, TLS, a file) belongs to another Temporal
        env = {name: env[name] for name in env if not name.startswith("TEMPORAL_")} | engine.environment
        why = "" if engine.port == temporal.PORT else f" ({temporal.PORT} is taken)"
        supervisor.say(f"Temporal is ready on port {engine.port}{why}")
    return env, engine.ui if engine else None


def _ask(settings: Settings) -> tuple[int, str]:
    """The status of GET /readyz, and which checks fail."""
    connection = http.client.HTTPConnection(settings.reachable_host, settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
    with suppress(ValueError, LookupError, AttributeError, TypeError):  # not the body that was promised
        checks = json.loads(body)["checks"]
        body = ", ".join(f"{name}: {check.get('status')}" for name, check in checks.items())
    return answer.status, body


def _sign_in(settings: Settings, env: dict[str, str]) -> str:
    """A link that works once; where the first administrator is gone, the page that takes an API token."""
    words = [sys.executable, "-m", "cli.main", "sign-in-link"]
    made = subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if made.returncode:
        return f"{settings.base_url}/sign-in  (with an API token)"
    return f"{made.stdout.strip()}  (works once)"


def _announce(settings: Settings, env: dict[str, str], home: Home, ui: str | None) -> None:
    lines = {
        "Web": settings.base_url,
        "Sign in": _sign_in(settings, env),
        "API token": env["AFTERWORD_BOOTSTRAP_TOKEN"],
        "Temporal UI": ui or f"at {env['TEMPORAL_ADDRESS']}",
        "Data and logs": str(home.path),
    }
    width = max(map(len, lines)) + 3
    block = "\n".join(f"  {name:{width}}{value}" for name, value in lines.items())
    print(f"\nAfterword is ready.\n\n{block}\n\n  Press Ctrl-C to stop everything.\n", flush=True)
