"""Asana's peer, judged by Asana's own document, and what was written there."""

import json

from integrations.registry import connect
from integrations.ticket import TicketDraft
from integrations.tracker import Tracker
from tests.peers.asana import BASE, PERSONAL, AsanaPeer
from tests.peers.asana_openapi import asana_document
from tests.peers.tracker_peer import Answer, Fault, Request

DRAFT = TicketDraft("tkt_1", "Alert on queue depth", "Page *before* the queue is full.")


class JudgedPeer(AsanaPeer):
    """Its answers must be such as Asana documents, too."""

    def handle(self, request: Request) -> tuple[Answer | None, Fault | None]:
        answer, fault = super().handle(request)
        if answer is not None:
            try:
                asana_document().check_answer(request, answer)
            except Exception as error:  # noqa: BLE001 - a verdict, kept for the test
                self.verdicts.append(error)
        return answer, fault


def joined(peer: AsanaPeer, **config: object) -> Tracker:
    return connect("asana", peer.config | config, peer.secrets)


def asked(method: str, path: str, data: object = None, **query: str) -> Request:
    headers = {"authorization": f"Bearer {PERSONAL}", "content-type": "application/json"}
    return Request(method, f"{BASE}{path}", query, headers, b"" if data is None else json.dumps(data).encode())
