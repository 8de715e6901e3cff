"""Linear as a process that nobody here wrote: the npm package ``emulate``, for what it has of Linear.

Known to differ from Linear (0.12.2): an issue has neither ``trashed`` nor ``attachments``, ``IssueCreateInput`` and
``CommentCreateInput`` no ``id``, lists of issues and labels fewer arguments, and there is no ``webhookUpdate``, so that
most of our documents are refused; a webhook's issue has no ``state``; any token is the first user's.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.peers.emulate import PACKAGE, VERSION, started
from tests.peers.npm import installed

ACCOUNT, OTHER_ACCOUNT = "b3a1d9a0-6d1f-4c58-9f53-000000000001", "b3a1d9a0-6d1f-4c58-9f53-000000000002"
SEED = {
    "linear": {
        "organization": {"name": "Acme", "url_key": "acme"},
        "users": [
            {"id": ACCOUNT, "email": "afterword@example.com", "name": "Afterword", "admin": True},
            {"id": OTHER_ACCOUNT, "email": "jane@example.com", "name": "Jane"},
        ],
        "teams": [{"id": "b3a1d9a0-6d1f-4c58-9f53-000000000003", "key": "OPS", "name": "Operations"}],
    }
}


@dataclass(frozen=True, slots=True)
class EmulatedLinear:
    url: str
    team: str = "OPS"
    account: str = ACCOUNT
    other_account: str = OTHER_ACCOUNT

    def ask(self, query: str, **variables: object) -> dict[str, object]:
        """``data`` of the answer to any document of its own schema."""
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.url}/graphql", json=body, trust_env=False, verify=False).raise_for_status()
        data: dict[str, object] = answer.json()["data"]
        return data

    def open_issue(self, title: str) -> None:
        query = "mutation A($input: IssueCreateInput!) { issueCreate(input: $input) { success } }"
        self.ask(query, input={"teamId": self.team, "title": title})


@pytest.fixture(scope="session")
def emulate_linear(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedLinear]:
    """One process for the session (per xdist worker)."""
    home = tmp_path_factory.mktemp("emulate-linear")
    (home / "seed.json").write_text(json.dumps(SEED))
    process, url = started(installed(PACKAGE, VERSION) / "dist" / "index.js", home, "linear")
    try:
        yield EmulatedLinear(url)
    finally:
        process.terminate()
        process.wait(10)
