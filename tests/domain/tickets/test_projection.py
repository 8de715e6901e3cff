"""Where items go, and in which words, from what a connection keeps."""

import pytest

from domain.action_items.action_item import ActionItemStatus
from domain.tickets.projection import WINNERS, Destination, Projection, TicketField, Winner, read_projection

KEPT = {
    "statuses": {"OPEN": "To Do"},
    "names": {"In QA": "IN_PROGRESS"},
    "winners": {"title": "theirs"},
    "destinations": [
        {"project": "REST"},
        {"teamId": "team_a", "project": "A"},
        {"serviceId": "svc_b", "project": "B", "issueType": "Bug"},
    ],
    "fields": {"customfield_1": {"id": "3"}},
    "labels": ["postmortem"],
}


def test_what_is_kept_is_read() -> None:
    read = read_projection(KEPT)
    assert read.statuses == {ActionItemStatus.OPEN: "To Do"}
    assert read.names == {"in qa": ActionItemStatus.IN_PROGRESS}, "their names in small letters"
    assert (read.winner(TicketField.TITLE), read.winner(TicketField.BODY)) == (Winner.THEIRS, Winner.OURS)
    assert (read.fields, read.labels) == ({"customfield_1": {"id": "3"}}, ("postmortem",))


def test_nothing_kept_is_all_defaults() -> None:
    read = read_projection({})
    assert read == Projection()
    assert {one: read.winner(one) for one in TicketField} == WINNERS
    assert read.destination(("team_a",), ("svc_b",)) == Destination()


@pytest.mark.parametrize(
    ("teams", "services", "project"),
    [
        (("team_a",), ("svc_b",), "B"),
        (("team_a",), ("svc_x",), "A"),
        (("team_x", "team_a"), (), "A"),
        (("team_x",), (), "REST"),
        ((), (), "REST"),
    ],
)
def test_a_services_destination_goes_before_a_teams(
    teams: tuple[str, ...], services: tuple[str, ...], project: str
) -> None:
    assert read_projection(KEPT).destination(teams, services).project == project
