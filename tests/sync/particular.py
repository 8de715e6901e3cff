"""What a case needs from a single vendor: its terms, its steps, its forms."""

from dataclasses import replace

from tests.peers.github import GithubPeer
from tests.peers.jira import JiraPeer
from tests.peers.linear import LinearPeer
from tests.peers.tracker_peer import TrackerPeer


def another_started(peer: TrackerPeer) -> str | None:
    """The name of a state in progress that is not the first one to be thought of."""
    return "In Review" if isinstance(peer, JiraPeer | LinearPeer) else None


def close_the_way(peer: TrackerPeer) -> None:
    """No transition leads to the state that means done."""
    assert isinstance(peer, JiraPeer), "a vendor of which every state is in reach says so in HAS_NO_MEANING"
    with peer.lock:
        peer.flow = replace(peer.flow, ways=tuple(one for one in peer.flow.ways if one.name != "Resolve"))


def require_field(peer: TrackerPeer) -> tuple[str, object, str]:
    """From now on a ticket needs one more field: its id, a value that does, and words of the vendor's own refusal."""
    assert isinstance(peer, JiraPeer), "a vendor that requires nothing says so in HAS_NO_MEANING"
    with peer.lock:
        peer.required["customfield_10020"] = {
            "name": "Severity",
            "required": True,
            "hasDefaultValue": False,
            "operations": ["set"],
            "schema": {"type": "string", "custom": "textfield", "customId": 10020},
        }
    return "customfield_10020", "High", "Severity is required"


def pull_request(peer: TrackerPeer, external_id: str, state: str, title: str) -> None:
    """One that closes the ticket; the webhook that tells of it goes to the outbox."""
    if isinstance(peer, GithubPeer):
        peer.pull_request(external_id, state, title)
    else:
        assert isinstance(peer, LinearPeer), "a vendor that knows none says so in HAS_NO_MEANING"
        peer.attach(external_id, "https://github.example/acme/api/pull/7", title, state)
