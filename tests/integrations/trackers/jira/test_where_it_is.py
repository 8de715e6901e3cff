"""Tickets that were moved, deleted or hidden."""

import pytest

from domain.errors import (
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from integrations.ticket import TicketChange
from integrations.tracker import Tracker
from tests.integrations.trackers.jira.talk import DRAFT
from tests.peers.jira import JiraPeer


class TestWhereItIs:
    def test_a_moved_one_has_another_key_and_the_same_id(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.move(made.external_id)
        now = tracker.update(made.ref, TicketChange(title="Moved"))
        assert (now.external_id, now.key, now.title) == (made.external_id, "WEB-1", "Moved")
        assert now.url.endswith("/browse/WEB-1")
        assert [one.key for one in tracker.read_many([made.ref])] == ["WEB-1"]

    def test_a_deleted_one_is_gone(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.delete(made.external_id)
        for speak in (lambda: tracker.fetch(made.ref), lambda: tracker.comment(made.ref, "m", "x")):
            with pytest.raises(TicketGone, match="OPS-1"):
                speak()

    def test_one_in_a_project_that_we_do_not_see_is_forbidden(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.hide(made.external_id)
        with pytest.raises(TicketForbidden, match="OPS"):
            tracker.fetch(made.ref)
        with pytest.raises(TicketForbidden):
            tracker.update(made.ref, TicketChange(title="x"))

    def test_one_that_we_may_see_and_not_change_is_forbidden(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.refused.add("EDIT_ISSUES")
        with pytest.raises(TicketForbidden, match="EDIT_ISSUES"):
            tracker.update(made.ref, TicketChange(title="x"))

    @pytest.mark.parametrize(
        "pointer",
        [
            "OPS-1",
            "ops-1",
            "{url}/browse/OPS-1",
            "{url}/browse/OPS-1?focusedCommentId=1#comment",
            "{url}/jira/software/projects/OPS/boards/1?selectedIssue=OPS-1",
            "{url}/jira/core/projects/OPS/issues/OPS-1/",
            "{url}/projects/OPS/queues/custom/4/OPS-1",
        ],
    )
    def test_people_point_at_it_in_many_ways(self, tracker: Tracker, jira_peer: JiraPeer, pointer: str) -> None:
        made = tracker.create(DRAFT)
        assert tracker.resolve(pointer.format(url=jira_peer.url)) == made

    @pytest.mark.parametrize("pointer", ["OPS", "OPS-0", "12", "https://evil.example/browse/OPS-1", "{url}/browse/"])
    def test_what_points_elsewhere_is_not_asked_for(self, tracker: Tracker, jira_peer: JiraPeer, pointer: str) -> None:
        with pytest.raises(TrackerRefused):
            tracker.resolve(pointer.format(url=jira_peer.url))
        assert tracker.calls == 0
