"""Every kind of connection says how it is set up: in whole sentences, with each credential and the webhook's URL."""

import re
from urllib.parse import urlsplit

import pytest

from integrations import registry
from integrations.connection import Copied
from integrations.registry import Kind, Shelf

each_kind = pytest.mark.parametrize("kind", registry.all_kinds(), ids=lambda one: one.kind)


@each_kind
def test_the_steps_are_sentences(kind: Kind) -> None:
    assert len(kind.setup) >= 2
    for step in kind.setup:
        assert re.fullmatch(r"[A-Z].*\.", step.text), step.text
        assert "  " not in step.text
        if step.link:
            assert urlsplit(step.link).scheme == "https"


@each_kind
def test_they_name_each_credential_and_each_required_setting(kind: Kind) -> None:
    told = " ".join(one.text for one in kind.setup).lower()
    for schema in (kind.config, kind.secrets):
        wanted = schema.get("properties", {}) if schema is kind.secrets else schema.get("required", ())
        for name in wanted:
            title = schema["properties"][name]["title"].lower()
            known = {"server": "mail server", "from": "send from", "calendar address": "address of the calendar"}
            assert known.get(title, title) in told, title


@each_kind
def test_they_give_the_url_to_whoever_sends_webhooks(kind: Kind) -> None:
    copied = {one.copies for one in kind.setup}
    if kind.shelf in {Shelf.TRACKER, Shelf.SOURCE}:
        assert Copied.WEBHOOK_URL in copied
    if not kind.takes_webhooks:
        assert Copied.WEBHOOK_URL not in copied
    url, home = "https://afterword.example.com/api/webhooks/x/int_1", "https://afterword.example.com"
    assert (Copied.MANIFEST in copied) == (registry.manifest_of(kind.kind, url, home) is not None)
