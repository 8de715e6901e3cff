"""What a person must give where nothing embedded brings it. Each refusal is one line: what, why, what else to do."""

from runtime.processes import CannotStart
from runtime.settings import Settings


def require_database(settings: Settings) -> None:
    from models.database.url import BadDatabaseUrl, driver_url  # with all tables: `--help` needs none of them

    if settings.database_url is None:
        raise CannotStart(
            "AFTERWORD_DATABASE_URL isn't set: set it to a postgresql:// URL "
            "(or run `afterword up`, which includes a database)"
        )
    try:
        driver_url(settings.database_url.get_secret_value())
    except BadDatabaseUrl as problem:
        raise CannotStart(f"AFTERWORD_DATABASE_URL {problem}") from None


def require_key(settings: Settings) -> None:
    if settings.secret_key is None or not settings.secret_key.get_secret_value().strip(" ,"):
        raise CannotStart(
            "AFTERWORD_SECRET_KEY isn't set: it encrypts credentials and signs sessions. "
            "Set it to a long random text and keep it (openssl rand -hex 32)"
        )
