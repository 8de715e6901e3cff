"""Sharing with outsiders, for its tests: summaries that are approved, links, and visitors without a session."""

import re
from random import randint
from typing import Any

import httpx

from tests.api.writing import ok
from tests.stack import NO_TLS, Person, Stack

CUSTOMERS = "customers.example"
"""The domain of all customers' addresses: the mail server gets letters to the organization's own people, too."""
TEXT = "# Checkout was down\n\nFor 40 minutes, customers could not pay. It is resolved."


def path_of(made: Any, rest: str = "public-summary") -> str:
    return f"/api/postmortems/{made['id']}/{rest}"


def save(person: Person, made: Any, text: str = TEXT, **more: Any) -> Any:
    return ok(person.put(path_of(made), json={"text": text, **more}))


def approve(person: Person, made: Any, *acknowledged: str, version: int | None = None) -> Any:
    version = ok(person.get(path_of(made)))["version"] if version is None else version
    body = {"version": version, "acknowledgedFindingIds": list(acknowledged)}
    return ok(person.post(path_of(made, "public-summary/approve"), json=body))


def share(person: Person, made: Any, **body: Any) -> Any:
    return ok(person.post(path_of(made, "share-links"), json=body), 201)


def outsider(stack: Stack) -> httpx.Client:
    """A visitor at an address of their own, so that one test's wrong links don't count for another's."""
    address = f"127.{randint(1, 254)}.{randint(0, 255)}.{randint(1, 254)}"
    transport = httpx.HTTPTransport(local_address=address, verify=NO_TLS)
    client = httpx.Client(base_url=stack.url, timeout=30, transport=transport, headers={"Accept": "text/html"})
    stack.clients.append(client)
    return client


def page_of(stack: Stack, link: Any, status: int = 200) -> str:
    """What a visitor without any cookie sees now."""
    answer = outsider(stack).get(local(stack, link["url"]))
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:500]}"
    return answer.text


def local(stack: Stack, url: str) -> str:
    found = re.search(r"/p/[A-Za-z0-9_-]{22}$", url)
    assert found, url
    return stack.url + found[0]
