"""Asana's own document judges what is asked and answered."""

from dataclasses import replace
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError

from integrations.tracker import Registration
from tests.integrations.trackers.asana.peer import asked
from tests.peers.asana import HERE, AsanaPeer
from tests.peers.asana_openapi import OutsideTheDocument, asana_document
from tests.peers.tracker_peer import Answer, Request


class TestJudge:
    @pytest.mark.parametrize(
        "wrong",
        [
            asked("POST", "/tasks", {"name": "T"}),
            asked("POST", "/tasks", {"data": {"name": "T"}, "more": 1}),
            asked("POST", "/tasks", {"data": {"nam": "T"}}),
            asked("POST", "/tasks", {"data": {"name": 5}}),
            asked("POST", "/tasks", {"data": {"projects": "7"}}),
            asked("PUT", "/tasks/1", {"data": {"completed": "yes"}}),
            asked("PUT", "/tasks/1", {"data": {"due_on": "tomorrow"}}),
            asked("POST", "/sections/1/addTask", {"data": {}}),
            asked("POST", "/webhooks", {"data": {"target": "https://x.y"}}),
            asked("GET", "/tasks", opt_fields="name,nope"),
            asked("GET", "/tasks", limit="500"),
            asked("GET", "/no/such/thing"),
            replace(asked("GET", "/tasks"), path="/tasks"),
            replace(asked("GET", "/tasks"), headers={}),
        ],
    )
    def test_a_wrong_request_is_caught(self, wrong: Request) -> None:
        with pytest.raises((OpenAPIError, OutsideTheDocument)):
            asana_document().check(wrong)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"gid": "1"},
            {"data": {"gid": 1}},
            {"data": {"completed": "no"}},
            {"data": {"memberships": {}}},
            {"data": {"assignee": "jane"}},
            {"data": {"modified_at": "yesterday"}},
        ],
    )
    def test_a_wrong_answer_is_caught(self, wrong: object) -> None:
        right: Any = {"data": {"gid": "1", "name": "T", "assignee": None, "due_on": None, "memberships": []}}
        asana_document().check_answer(asked("GET", "/tasks/1"), Answer(200, right))
        with pytest.raises((OpenAPIError, OutsideTheDocument)):
            asana_document().check_answer(asked("GET", "/tasks/1"), Answer(200, wrong))

    def test_the_peer_catches_what_asana_refuses(self, peer: AsanaPeer) -> None:
        for html in ("<body><p>x</p></body>", "<body>x", "<b>x</b>", "<body><a data-asana-gid='1'/></body>"):
            data = {"data": {"name": "T", "projects": [HERE], "html_notes": html}}
            assert peer.answer(asked("POST", "/tasks", data)).status == 400
        assert peer.answer(asked("POST", "/tasks", {"name": "T"})).status == 400
        assert isinstance(Registration("1"), Registration)
