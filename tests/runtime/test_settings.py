"""Addresses that follow from the environment."""

import pytest
from pydantic import ValidationError

from domain.access import Role
from runtime.settings import Settings


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("fe80::1%eth0", "http://[fe80::1%25eth0]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_the_address_that_is_printed_can_be_opened(host: str, address: str) -> None:
    assert Settings(host=host, port=8000).base_url == address


def test_the_public_address_wins_and_loses_its_slash() -> None:
    assert Settings(host="::", public_url="https://afterword.example/").base_url == "https://afterword.example"


def with_provider(monkeypatch: pytest.MonkeyPatch, name: str = "OKTA", **fields: str) -> Settings:
    given = {"ISSUER": "https://okta.example.com", "CLIENT_ID": "afterword", **fields}
    for field, value in given.items():
        monkeypatch.setenv(f"AFTERWORD_OIDC__{name}__{field}", value)
    return Settings()


def test_identity_provider_is_read_field_by_field(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"ROLES": "sre=admin, a=b=RESPONDER", "TEAMS": "pay=Payments, Inc", "DOMAINS": "Example.com, example.org"}
    with pytest.raises(ValidationError, match="'Inc' isn't"):
        with_provider(monkeypatch, **more)
    more["TEAMS"] = "pay=Payments"
    settings = with_provider(monkeypatch, CLIENT_SECRET="hush", TRUSTED="1", **more)
    rules = settings.oidc["okta"].rules("okta")
    assert (rules.label, rules.trusted, rules.domains) == ("Okta", True, {"example.com", "example.org"})
    assert rules.roles == {"sre": Role.ADMIN, "a=b": Role.RESPONDER}
    assert rules.teams == {"pay": "Payments"}
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ISSUER": "http://okta.example.com"},
        {"ISSUER": "okta.example.com"},
        {"ISSUER": "https://a:b@okta.example.com"},
        {"ISSUER": "https://accounts.google.com", "TRUSTED": "1"},
        {"ROLES": "sre=OWNER"},
        {"ROLES": "sre"},
        {"CLIENT_ID": ""},
        {"TYPO": "1"},
        {"name": "LINK"},
        {"name": "A-B"},
    ],
)
def test_provider_that_is_set_up_wrong_stops_the_start_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    with pytest.raises(ValidationError) as refused:
        with_provider(monkeypatch, **{"CLIENT_SECRET": "hush", **wrong})
    assert "hush" not in str(refused.value)


def test_google_is_trusted_for_own_domains_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    google = {"ISSUER": "https://accounts.google.com", "TRUSTED": "1", "DOMAINS": "example.com"}
    assert with_provider(monkeypatch, "GOOGLE", **google).oidc["google"].trusted
