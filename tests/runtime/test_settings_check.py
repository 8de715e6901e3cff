"""Settings that are wrong are refused in words: which one, and what is allowed."""

import pytest
from pydantic import ValidationError

from cli import settings_table
from runtime.settings import Settings
from runtime.settings_check import known_names, problems_of, unknown_names
from tests.stack import ROOT


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    assert unknown_names({"AFTERWORD_PUBLIC_ULR": "x", "PATH": "y"}) == [
        "there is no setting AFTERWORD_PUBLIC_ULR: did you mean AFTERWORD_PUBLIC_URL?"
    ]
    assert unknown_names(["AFTERWORD_QQQ"]) == ["there is no setting AFTERWORD_QQQ (see docs/settings.md)"]
    assert unknown_names([*known_names(), "AFTERWORD_OIDC__OKTA__ISSUER", "AFTERWORD_DATABASE_PASSWORD"]) == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "0", "use a whole number from 1 to 65535"),
        ("PORT", "http", "use a whole number from 1 to 65535"),
        ("DRAIN_SECONDS", "601", "use a number from 0 to 600"),
        ("SWEEP_SECONDS", "0", "use a number above 0"),
        ("DEMO", "perhaps", "use 1 for yes or 0 for no"),
        ("LOG_FORMAT", "xml", "use console or json"),
        ("LOG_LEVEL", "loud", "use DEBUG, INFO, WARNING, ERROR or CRITICAL"),
        *(
            ("PUBLIC_URL", wrong, "use an address with http:// or https:// and without a path")
            for wrong in (
                "afterword.example.com",
                "https://",
                "ftp://afterword.example.com",
                "https://afterword.example.com/app",
                "https://afterword.example.com?x=1",
                "https://jane:secret@afterword.example.com",
                "https://afterword.example.com:port",
                "https://after word.example.com",
                "https://[::1",
            )
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"AFTERWORD_{name}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    (problem,) = problems_of(refused.value)
    assert problem.startswith(f"AFTERWORD_{name}: {says}")
    assert "secret" not in problem


@pytest.mark.parametrize(
    "address", ["", "http://localhost:8000", "https://afterword.example.com/", "https://[::1]:8443"]
)
def test_addresses_that_people_can_open_are_taken(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("AFTERWORD_PUBLIC_URL", address)
    assert Settings().public_url == (address or None)


def test_a_mistyped_field_of_a_provider_is_refused_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ISSUER", "https://okta.example.com"), ("CLIENT_ID", "a"), ("CLIENT_SECERT", "hush")):
        monkeypatch.setenv(f"AFTERWORD_OIDC__OKTA__{name}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert problems_of(refused.value) == [
        "there is no setting AFTERWORD_OIDC__OKTA__CLIENT_SECERT: did you mean AFTERWORD_OIDC__OKTA__CLIENT_SECRET?"
    ]


def test_the_log_level_may_be_written_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORD_LOG_LEVEL", "debug")
    assert Settings().log_level == "DEBUG"


def test_the_table_of_settings_is_that_of_the_class() -> None:
    written = (ROOT / "docs" / "settings.md").read_text()
    assert written == settings_table.as_markdown(), "run: python -m cli.settings_table > docs/settings.md"
    for name in known_names():
        (row,) = [line for line in written.splitlines() if line.startswith(f"| `{name}` |")]
        assert row.rstrip(" |").count(" | ") == 3, f"{name} has no words"
