"""Addresses that follow from the environment."""

import pytest

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
