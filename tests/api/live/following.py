"""Somebody who follows a stream of events, as a browser or a program does."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import httpx

from tests.stack import eventually


@dataclass(slots=True)
class Follower:
    """``told`` are the events, each with the id that it had."""

    response: httpx.Response
    told: list[dict[str, Any]] = field(default_factory=list)
    place: str | None = None
    """The last id, also of a heartbeat."""
    is_over: bool = False

    def read(self) -> None:
        block: dict[str, str] = {}
        try:
            for line in self.response.iter_lines():
                if line:
                    name, _, value = line.partition(":")
                    block[name] = value.removeprefix(" ")
                    continue
                self.place = block.get("id", self.place)
                if "data" in block and "event" not in block:
                    self.told.append({"place": block.get("id"), **json.loads(block["data"])})
                block = {}
        except (httpx.HTTPError, httpx.StreamError):
            pass
        self.is_over = True

    def of(self, **wanted: Any) -> list[dict[str, Any]]:
        return [one for one in self.told if wanted.items() <= one.items()]

    def wait_for(self, **wanted: Any) -> dict[str, Any]:
        found: list[dict[str, Any]] = eventually(lambda: self.of(**wanted))
        return found[0]

    @property
    def kinds(self) -> set[str]:
        return {one["kind"] for one in self.told}


@contextmanager
def following(client: httpx.Client, path: str = "/api/events", **asked: Any) -> Iterator[Follower]:
    with client.stream("GET", path, timeout=httpx.Timeout(30, read=None), **asked) as response:
        assert response.status_code == 200, response.read()
        one = Follower(response)
        reading = Thread(target=one.read, daemon=True)
        reading.start()
        try:
            yield one
        finally:
            with suppress(OSError):  # it may be over
                response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            reading.join(10)
