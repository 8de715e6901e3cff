"""Addresses as people paste them from a browser: whatever follows the issue's own page, the issue is found."""

import base64
import json
from collections.abc import Iterator

import pytest

from domain.errors import TrackerRefused
from integrations import registry
from integrations.tracker import Tracker
from tests.peers.tracker_peer import PeerTicket, TrackerPeer
from tests.sync.scene import peer_classes

PAGES = {
    "github": [
        "{url}?notification_referrer_id=NT_kwDOAAbc",
        "{url}#issuecomment-12345",
        "{url}/",
        "{url}/linked_closing_reference?reference_location=REPO",
        "<{url}>",
        "{host}/orgs/acme/projects/3/views/1?pane=issue&itemId=9&issue={owner}%7C{name}%7C{number}",
    ],
    "gitlab": [
        "{url}#note_3",
        "{url}?notification_referrer_id=2",
        "{host}/{project}/-/work_items/{number}",
        "{host}/{project}/-/work_items/{number}?show=abc#note_1",
        "{host}/{project}/-/issues/{number}/designs/plan.png",
        "{host}/{project}/issues/{number}",
        "{host}/{project}/-/issues/incident/{number}/timeline",
        "{host}/{project}/-/boards/4?show={shown}",
        "{host}/{project}/-/issues/?sort=created_date&state=opened&show={shown}",
    ],
    "jira": [
        "{url}?focusedCommentId=10213&page=com.atlassian.jira.plugin.system.issuetabpanels%3Acomment-tabpanel",
        "{url}?atlOrigin=eyJpIjoi#add-comment",
        "{host}/jira/software/projects/OPS/boards/1?selectedIssue={key}",
        "{host}/jira/software/c/projects/OPS/boards/1/backlog?view=detail&selectedIssue={key}&issueLimit=100",
        "{host}/jira/software/projects/OPS/boards/1/timeline?selectedissue={key}",
        "{host}/secure/RapidBoard.jspa?rapidView=1&modal=detail&selectedIssue={key}",
        "{host}/jira/servicedesk/projects/OPS/queues/custom/1/{key}",
        "{host}/projects/OPS/issues/{key}?filter=allopenissues",
        "{host}/servicedesk/customer/portal/1/{key}",
        "{host}/browse/{key}/",
        "{host}/si/jira.issueviews:issue-html/{key}/{key}.html",
        " {url} ",
    ],
    "linear": [
        "{url}",
        "{url}#comment-1a2b3c",
        "{url}?noRedirect=1",
        "{host}/{workspace}/issue/{key}",
        "{host}/{workspace}/issue/{key}/",
        "{host}/{workspace}/issue/{key}/an-older-title/activity",
        "{host}/{workspace}/team/ENG/active/issue/{key}/slug",
        "linear://{workspace}/issue/{key}",
    ],
    "asana": [
        "https://app.asana.com/0/{project}/{key}",
        "https://app.asana.com/0/{project}/{key}/f",
        "https://app.asana.com/0/0/{key}/f?focus=true",
        "https://app.asana.com/0/inbox/4/{key}/99",
        "https://app.asana.com/1/2/project/{project}/task/{key}?focus=true",
        "https://app.asana.com/1/2/project/{project}/task/{key}/comment/88",
        "https://app.asana.com/1/2/task/{key}#c",
        "https://app.asana.com/1/2/project/{project}/list/55/task/{key}",
        "https://app.asana.com/1/2/inbox/4/item/{key}/story/99",
        "https://app.asana.com/1/2/search?child={key}",
        "https://app.asana.com/1/2/home/task/{key}/subtask/",
    ],
}


def places(peer: TrackerPeer, ticket: PeerTicket) -> dict[str, str]:
    """The parts that an address of this ticket may have."""
    host = "/".join(ticket.url.split("/")[:3])
    number = ticket.key.rpartition("#")[2]
    project = str(peer.config.get("project") or peer.config.get("repository") or "")
    owner, _, name = project.partition("/")
    shown = base64.b64encode(json.dumps({"iid": number, "full_path": project}).encode()).decode()
    known = {"url": ticket.url, "host": host, "key": ticket.key, "number": number, "project": project}
    return known | {"owner": owner, "name": name, "shown": shown, "workspace": ticket.url.split("/")[3]}


@pytest.fixture(params=sorted(PAGES))
def peer(request: pytest.FixtureRequest) -> Iterator[TrackerPeer]:
    made = peer_classes()[request.param]()
    with made.running():
        yield made


def tracker(peer: TrackerPeer) -> Tracker:
    return registry.connect(peer.kind, dict(peer.config), dict(peer.secrets))


def test_every_tracker_has_its_pages() -> None:
    assert sorted(PAGES) == sorted(peer_classes())


def test_a_page_of_an_issue_is_that_issue(peer: TrackerPeer) -> None:
    peer.open("Another", "")
    external_id = peer.open("The one", "")
    (ticket,) = (one for one in peer.tickets() if one.external_id == external_id)
    with tracker(peer) as one:
        for page in PAGES[peer.kind]:
            assert one.resolve(page.format(**places(peer, ticket))).external_id == external_id, page


def test_a_page_elsewhere_is_refused(peer: TrackerPeer) -> None:
    external_id = peer.open("The one", "")
    (ticket,) = (one for one in peer.tickets() if one.external_id == external_id)
    known = places(peer, ticket) | {"host": "https://evil.example", "url": "https://evil.example/acme/api/issues/1"}
    for page in PAGES[peer.kind]:
        if "asana.com" in page or page.startswith("linear:"):
            continue
        with tracker(peer) as one, pytest.raises(TrackerRefused):
            one.resolve(page.format(**known))
