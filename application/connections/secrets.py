"""A connection's secrets: how entered ones replace stored ones, and the secrets that sign its webhooks."""

from collections.abc import Mapping

from domain.errors import CredentialsLocked
from models.integration import Integration
from models.keyring import Keyring

_WEBHOOK_SECRET = "webhookSecret"  # noqa: S105 - the name of a secret


def webhook_secrets(secrets: Mapping[str, object]) -> list[str]:
    """The current one first, then the one before it while an older webhook of ours may still be sent."""
    return [one.strip() for one in str(secrets.get(_WEBHOOK_SECRET) or "").split(",") if one.strip()]


def is_webhook_secret(name: str) -> bool:
    return name == _WEBHOOK_SECRET


def add_webhook_secret(secrets: Mapping[str, object], *newest_first: str) -> dict[str, object]:
    return {**secrets, _WEBHOOK_SECRET: ",".join(dict.fromkeys(newest_first))}


def merge_secrets(stored: Mapping[str, object], entered: Mapping[str, object]) -> dict[str, object]:
    """The stored secrets with those that were entered; one that was entered as null is removed."""
    return {name: value for name, value in (dict(stored) | dict(entered)).items() if value is not None}


def open_or_empty(keyring: Keyring, row: Integration) -> dict[str, object]:
    """Empty if no key opens them: who renews them then enters all."""
    try:
        return keyring.open(row.secrets)
    except CredentialsLocked:
        return {}
