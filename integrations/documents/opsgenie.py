"""Opsgenie's postmortems: asked for by their ids, and read from the JSON that it answers.

https://docs.opsgenie.com/docs/postmortem-api

There is no list of them, and its REST API ends on 2027-04-05. A postmortem is two documents in Atlassian's format, an
executive summary and the content, beside a few facts and instants.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from pydantic import BaseModel, JsonValue, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from domain.documents.importing.document import ReadDocument
from domain.documents.importing.markdown import read_markdown
from domain.errors import CredentialsRejected, PublisherRefused
from integrations.outbound.client import HttpClient
from integrations.text.adf_reader import blocks_of, nodes_in
from integrations.text.blocks import normal_blocks
from integrations.text.markdown_writer import write

LABEL = "Opsgenie"
ADDRESS = "https://api.opsgenie.com"
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{7,63}")
IDS_LIMIT = 1000
INSTANTS = {
    "startTime": "The incident started",
    "respondTime": "Someone responded",
    "endTime": "The impact ended",
    "resolveTime": "The incident was resolved",
}


class OpsgenieUnavailable(Exception):
    """A stumble: try again."""


class _Incident(BaseModel, alias_generator=to_camel):
    message: str = ""
    tiny_id: str = ""
    priority: str = ""


class _Postmortem(BaseModel, alias_generator=to_camel):
    postmortem_id: str
    title: str = ""
    severity: str = ""
    status: str = ""
    start_time: datetime | None = None
    respond_time: datetime | None = None
    end_time: datetime | None = None
    resolve_time: datetime | None = None
    root_incident: _Incident | None = None
    executive_summary: JsonValue = None
    content: JsonValue = None


class _Answer(BaseModel):
    data: dict[str, JsonValue]


class _Missing(BaseModel):
    missing: str


class Opsgenie:
    """One account, by its API key. Synchronous."""

    label = LABEL
    kept_host: str | None = None
    calls = 0
    request_id: str | None = None

    def __init__(self, address: str, key: SecretStr) -> None:
        self._address = address
        self._key = key

    @cached_property
    def _http(self) -> HttpClient:
        key = self._key.get_secret_value()
        return HttpClient(self, self._address, {"Authorization": f"GenieKey {key}"}, hidden=[key])

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    def unavailable(self, detail: str, retry_after: float | None = None) -> Exception:  # noqa: ARG002
        return OpsgenieUnavailable(f"{LABEL} is unavailable: {detail}")

    def refused(self, detail: str) -> Exception:
        return PublisherRefused(vendor=LABEL, detail=detail)

    def fetch(self, id_: str) -> bytes:
        """A postmortem as JSON, or in its place why there is none.

        Raises CredentialsRejected, PublisherRefused, and OpsgenieUnavailable for a stumble.
        """
        answer = self._http.send("GET", f"/v2/postmortem/{id_}")
        if answer.status_code in {401, 403}:
            raise CredentialsRejected(tracker=LABEL)
        if answer.status_code >= 400:
            words = f"Opsgenie has no postmortem with the ID {id_}, or the key can't read it"
            if answer.status_code not in {404, 422}:
                words = f"Opsgenie refused the request: status {answer.status_code}"
            return json.dumps({"missing": words}).encode()
        found = self._http.decoded(answer, _Answer)
        return json.dumps({"data": found.data}, ensure_ascii=False).encode()


def ids_in(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The ids in what people paste: ids, addresses of postmortems, or columns of a table; and what is neither."""
    ids: list[str] = []
    strange: list[str] = []
    for word in words:
        last = word.strip().strip("\"'<>").split("?")[0].rstrip("/").rpartition("/")[2]
        (ids if ID.fullmatch(last) else strange).append(last or word)
    return list(dict.fromkeys(ids)), strange


def is_postmortem(text: str) -> bool:
    """Whether a JSON document is one of Opsgenie's, without reading all of it."""
    return '"postmortemId"' in text or text.startswith('{"missing"')


def read_opsgenie(text: str, name: str) -> ReadDocument:
    """Raises ValueError for what is none."""
    try:
        raw = json.loads(text)
        if isinstance(raw, dict) and "missing" in raw:
            raise ValueError(_Missing.model_validate(raw).missing)
        data = raw.get("data", raw) if isinstance(raw, dict) else raw
        found = _Postmortem.model_validate(data)
    except (ValidationError, RecursionError, json.JSONDecodeError):
        raise ValueError("It isn't a postmortem of Opsgenie") from None
    day = found.start_time.date() if found.start_time else None
    return read_markdown("\n\n".join(_parts(found)), name, title=found.title.strip() or None, day=day)


def _parts(found: _Postmortem) -> Iterator[str]:
    yield f"# {found.title.strip() or 'Postmortem'}"
    if summary := _markdown(found.executive_summary):
        yield f"## Summary\n\n{summary}"
    if content := _markdown(found.content):
        yield content if content.startswith("#") else f"## Description\n\n{content}"
    if events := list(_events(found)):
        yield "## Timeline\n\n" + "\n".join(events)
    if facts := list(_facts(found)):
        yield "## From Opsgenie\n\n" + "\n".join(facts)


def _markdown(document: JsonValue) -> str:
    return write(normal_blocks(blocks_of(nodes_in(document, "content"), 0))).strip()


def _events(found: _Postmortem) -> Iterator[str]:
    told: dict[str, datetime | None] = {
        "startTime": found.start_time,
        "respondTime": found.respond_time,
        "endTime": found.end_time,
        "resolveTime": found.resolve_time,
    }
    for name, at in sorted(told.items(), key=lambda one: one[1] or datetime.max.replace(tzinfo=UTC)):
        if at is not None:
            yield f"- {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC {INSTANTS[name]}"


def _named(incident: _Incident) -> str:
    return " ".join(one for one in (f"#{incident.tiny_id}" if incident.tiny_id else "", incident.message) if one)


def _facts(found: _Postmortem) -> Iterator[str]:
    incident = found.root_incident
    named: dict[str, Any] = {
        "ID": found.postmortem_id,
        "Status": found.status,
        "Severity": found.severity,
        "Incident": _named(incident) if incident else "",
        "Priority": incident.priority if incident else "",
    }
    for name, value in named.items():
        if value:
            yield f"- {name}: {value}"
