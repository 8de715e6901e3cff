"""The test peer is judged by Atlassian's documents."""

import pytest
from openapi_core.exceptions import OpenAPIError

from domain.errors import (
    DomainError,
)
from integrations.tracker import Tracker, TrackerUnavailable
from tests.integrations.trackers.jira.talk import DRAFT, ISSUE, Json
from tests.peers.jira import JiraPeer
from tests.peers.jira_openapi import JiraJudge, asked
from tests.peers.tracker_peer import Answer as PeerAnswer
from tests.peers.tracker_peer import Fault, Kind, Request


class TestPeer:
    """The peer itself answers as Atlassian documents: the fixture judges each answer. Here is its negative control."""

    @pytest.mark.parametrize(
        ("request_", "answer"),
        [
            (asked("GET", "/rest/api/3/myself"), {"accountId": 1}),
            (asked("GET", f"{ISSUE}/1"), {"id": 1, "key": "OPS-1"}),
            (asked("GET", f"{ISSUE}/1/transitions"), {"transitions": [{"id": 11}]}),
            (asked("GET", "/rest/api/3/mypermissions"), {"permissions": {"X": {"havePermission": "yes"}}}),
            (asked("GET", f"{ISSUE}/1/comment"), {"comments": {}}),
        ],
    )
    def test_a_wrong_answer_is_caught(self, jira_judge: JiraJudge, request_: Request, answer: Json) -> None:
        with pytest.raises(OpenAPIError):
            jira_judge.check_answer(request_, PeerAnswer(200, answer))

    def test_the_verdicts_are_kept(self, jira_peer: JiraPeer) -> None:
        jira_peer.handle(asked("POST", f"{ISSUE}/1/transitions", {"transition": {"id": 31}}))
        assert len(jira_peer.verdicts) == 1

    def test_errors_are_refusals_or_stumbles(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        for fault in Fault:
            if fault in {Fault.SLOW, Fault.EMPTY_LIST}:
                continue
            jira_peer.order(fault, Kind.READ)
            with pytest.raises((DomainError, TrackerUnavailable)):
                tracker.fetch(made.ref)
