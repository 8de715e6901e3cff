"""Files and pull requests with a GitHub that nobody here wrote (``emulate``)."""

from base64 import b64encode

import pytest

from domain.errors import PublicationChanged, PublicationGone
from integrations.publisher import Copy, Published, Publisher
from integrations.pull_requests import branch_of, file_text
from integrations.registry import connect_publisher
from tests.peers.emulate import EmulatedGithub

PATH = "postmortems/postmortem-17.md"


def copy(words: str) -> Copy:
    url = "https://afterword.example.com/postmortems/pm_1"
    return Copy("pub_01jd3x9qabcdefghjk", "postmortem-17", "Payments are down", url, (), f"# Down\n\n{words}")


def connected(github: EmulatedGithub) -> Publisher:
    config = {"baseUrl": github.url, "repository": github.repository}
    return connect_publisher("github_repository", config, {"token": github.token})


def pulls(github: EmulatedGithub, state: str = "open") -> list[dict[str, object]]:
    found: list[dict[str, object]] = github.request("GET", f"/repos/{github.repository}/pulls?state={state}").json()
    return found


@pytest.fixture
def github(emulate_github: EmulatedGithub) -> EmulatedGithub:
    """With a first commit, as a repository that people use."""
    body = {"message": "Begin", "content": b64encode(b"# Handbook\n").decode()}
    emulate_github.request("PUT", f"/repos/{emulate_github.repository}/contents/README.md", body)
    return emulate_github


def test_while_its_pull_request_is_open(github: EmulatedGithub) -> None:
    with connected(github) as publisher:
        assert all(one.granted for one in publisher.check_permissions())
        assert publisher.find(copy("First.")) is None
        first = publisher.create(copy("First."))
        again = publisher.create(copy("First."))
        assert again == first
        second = publisher.update(first.id, copy("Second."), first.revision)
        assert (second.url, len(pulls(github))) == (first.url, 1)
        edit(github, branch_of(copy("")), "Ask Ana.", second)
        with pytest.raises(PublicationChanged):
            publisher.update(first.id, copy("Third."), second.revision)
        third = publisher.update(first.id, copy("Third."), None)
        publisher.withdraw(first.id, copy("Third."), third.revision)
        publisher.withdraw(first.id, copy("Third."), third.revision)
        assert pulls(github) == []


def test_after_it_was_merged(github: EmulatedGithub) -> None:
    """emulate's pull requests keep the commit that they were opened with: each is merged as it was opened."""
    with connected(github) as publisher:
        first = publisher.create(copy("First."))
        merge(github)
        assert publisher.fetch(first.id, copy("First.")).revision == first.revision
        assert publisher.update(first.id, copy("First."), first.revision).revision == first.revision
        assert pulls(github) == []
        second = publisher.update(first.id, copy("Second."), first.revision)
        assert second.url != first.url
        merge(github)
        publisher.withdraw(first.id, copy("Second."), second.revision)
        publisher.withdraw(first.id, copy("Second."), second.revision)
        assert [one["title"] for one in pulls(github)] == ["Remove postmortem-17"]
        merge(github)
        with pytest.raises(PublicationGone):
            publisher.fetch(first.id, copy("Second."))


def merge(github: EmulatedGithub) -> None:
    (pull,) = pulls(github)
    github.request("PUT", f"/repos/{github.repository}/pulls/{pull['number']}/merge", {})


def edit(github: EmulatedGithub, branch: str, words: str, there: Published) -> None:
    content = b64encode(f"{file_text(copy('Second.'))}{words}\n".encode()).decode()
    body = {"message": "Edit", "content": content, "branch": branch, "sha": there.revision}
    github.request("PUT", f"/repos/{github.repository}/contents/{PATH}", body)
