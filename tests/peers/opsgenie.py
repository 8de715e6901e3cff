"""Opsgenie's one door to postmortems, as https://docs.opsgenie.com/docs/postmortem-api shows it."""

from typing import Any

from tests.peers.tracker_peer import Answer, Fault, Kind, Peer, Request

KEY = "s3cret-genie-key"


class OpsgeniePeer(Peer):
    """``postmortems`` are what it answers as ``data``, by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.postmortems: dict[str, Any] = {}

    def kind_of(self, request: Request) -> Kind:
        return Kind.READ

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"GenieKey {KEY}":
            return Answer(401, {"message": "Key format is not valid!", "took": 0.001, "requestId": "r"})
        found = self.postmortems.get(request.path.removeprefix("/v2/postmortem/"))
        if request.method != "GET" or found is None:
            return Answer(404, {"message": "No postmortem exists with id", "took": 0.001, "requestId": "r"})
        return Answer(200, {"data": found, "took": 0.1, "requestId": "r"})

    def fault(self, fault: Fault, request: Request) -> Answer:
        return Answer(429 if fault is Fault.LIMITED else 503, {"message": "later"})


def text(words: str, **marks: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **marks}


def paragraph(*inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(inner)}


def heading(words: str) -> dict[str, Any]:
    return {"type": "heading", "attrs": {"level": 2}, "content": [text(words)]}


def bullets(*lines: str) -> dict[str, Any]:
    items = [{"type": "listItem", "content": [paragraph(text(one))]} for one in lines]
    return {"type": "bulletList", "content": items}


def doc(*content: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "type": "doc", "content": list(content)}


def postmortem(id_: str, title: str) -> dict[str, Any]:
    return {
        "executiveSummary": doc(paragraph(text("Nobody could "), text("pay", marks=[{"type": "strong"}]), text("."))),
        "content": doc(
            heading("Root cause"),
            paragraph(text("A certificate expired.")),
            heading("Action items"),
            bullets("Renew it by itself", "Watch its date"),
            heading("Mood"),
            paragraph(text("Tense.")),
        ),
        "postmortemId": id_,
        "title": title,
        "severity": "P1",
        "status": "draft",
        "startTime": "2021-02-26T04:13:21.075Z",
        "endTime": "2021-02-26T05:13:27.757Z",
        "respondTime": "2021-02-26T04:20:27.947Z",
        "resolveTime": "2021-02-26T05:14:00.757Z",
        "createdAtTime": "2021-02-26T04:20:33.873Z",
        "rootIncident": {"id": "aff8", "tinyId": "3", "priority": "P1", "message": "Payments", "status": "closed"},
    }
