"""Each vendor's own document as the judge of all that a peer was asked. GitLab publishes none that is on a registry."""

from collections.abc import Callable, Iterator
from functools import cache

from tests.peers.asana_openapi import AsanaJudge
from tests.peers.github_openapi import GithubRequests, github_document, github_schema
from tests.peers.jira_openapi import jira_documents
from tests.peers.linear_schema import judge as linear_judge
from tests.peers.tracker_peer import Request, TrackerPeer

Judge = Callable[[Request], None]
UNJUDGED = frozenset({"gitlab"})
"""A peer of these refuses fields that it does not know."""


@cache
def judge_of(kind: str) -> Judge:
    """Raises where the vendor does not know the request. Seconds to build, once a process."""
    match kind:
        case "asana":
            return AsanaJudge()
        case "github":
            return GithubRequests(github_document(), github_schema).check_received
        case "jira":
            return jira_documents().check
        case "linear":
            return linear_judge
    raise LookupError(f"no document judges {kind}")


def complaints(peer: TrackerPeer) -> list[str]:
    """Each request that its vendor does not know, and what is wrong with it; without headers, which carry a token."""
    if peer.kind in UNJUDGED:
        return []
    judge, found = judge_of(peer.kind), []
    for one in list(peer.requests):
        try:
            judge(one)
        except Exception as error:  # noqa: BLE001 - whatever a judge raises is its complaint
            words = " < ".join(f"{type(cause).__name__}: {cause}" for cause in _causes(error))
            found.append(f"{words}\n{one.method} {one.path} {dict(one.query)} {one.body.decode(errors='replace')}")
    return found


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
