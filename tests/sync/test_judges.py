"""Each case's requests are judged by the vendor's own document; this is the judges' negative control."""

import httpx
import pytest

from tests.peers.judges import UNJUDGED, judge_of
from tests.stack import Person, Stack
from tests.sync.scene import peer_classes, playing

WRONG = {
    "asana": ("POST", "/api/1.0/tasks", {"data": {"nmae": "misspelt"}}),
    "github": ("POST", "/repos/acme/api/issues", {"title": "T", "assigne": "misspelt"}),
    "jira": ("PUT", "/rest/api/3/issue/10100", {"fields": {}, "updates": {}}),
    "linear": ("POST", "/graphql", {"query": "query { issue(id: 1) { id nmae } }", "variables": {}}),
}
"""Of each vendor a request that it does not know."""


def test_each_tracker_with_a_peer_is_judged() -> None:
    assert WRONG.keys() == peer_classes().keys() - UNJUDGED
    assert all(judge_of(kind) for kind in WRONG)


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_a_wrong_request_is_found_at_the_end(stack: Stack, sync_admin: Person, sync_author: Person, kind: str) -> None:
    method, path, body = WRONG[kind]

    def play() -> None:
        with playing(stack, kind, sync_admin, sync_author) as scene:
            scene.item()
            httpx.request(method, f"{scene.peer.url}{path}", json=body)

    with pytest.raises(AssertionError, match=f"^[^\n]+\n{method} {path} ") as caught:
        play()
    assert str(caught.value).count("\n") == 1, "and nothing else is"
