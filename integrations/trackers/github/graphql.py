"""Issues by GraphQL, since REST lists a repository and not the issues that one names."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from integrations.ticket import PullRequest, PullRequestState
from integrations.trackers.github.issues import KEY, AccountPayload, IssuePayload, issue_page


def issues_query(keys: Sequence[str]) -> str:
    """Owner, name and number have no character that a GraphQL string would have to escape (:data:`KEY`)."""
    places = []
    for place, key in enumerate(keys):
        if named := KEY.fullmatch(key):
            owner, name = named[1].split("/", 1)
            issue = f"issue(number: {named[2]}) {{ ...ticket }}"
            places.append(f't{place}: repository(owner: "{owner}", name: "{name}") {{ {issue} }}')
    return f"query {{ {' '.join(places) or '__typename'} }} {ISSUE_FIELDS if places else ''}"


class _Actor(BaseModel):
    """GraphQL leaves a robot's login without what REST and webhooks put behind it."""

    login: str
    kind: str = Field(alias="__typename", default="User")

    @property
    def account(self) -> AccountPayload:
        return AccountPayload(login=f"{self.login}[bot]" if self.kind == "Bot" else self.login)


class _Actors(BaseModel):
    nodes: list[_Actor | None]


class _PullRequest(BaseModel):
    url: str
    title: str
    state: Literal["OPEN", "CLOSED", "MERGED"]


class _PullRequests(BaseModel):
    nodes: list[_PullRequest | None]


class IssueNode(BaseModel):
    """An issue as :data:`ISSUE_FIELDS` asks for it."""

    id: int = Field(alias="databaseId")
    url: Annotated[str, AfterValidator(issue_page)]
    title: str
    body: str
    state: Literal["OPEN", "CLOSED"]
    reason: str | None = Field(alias="stateReason")
    author: _Actor | None
    assignees: _Actors
    updated_at: AwareDatetime = Field(alias="updatedAt")
    pull_requests: _PullRequests | None = Field(alias="closedByPullRequestsReferences")

    def payload(self) -> IssuePayload:
        return IssuePayload(
            id=self.id,
            html_url=self.url,
            title=self.title,
            body=self.body,
            state="open" if self.state == "OPEN" else "closed",
            state_reason=self.reason.lower() if self.reason else None,
            user=self.author.account if self.author else None,
            assignees=[one.account for one in self.assignees.nodes if one],
            updated_at=self.updated_at,
        )

    def pulls(self) -> tuple[PullRequest, ...]:
        found = self.pull_requests.nodes if self.pull_requests else []
        return tuple(PullRequest(one.url, one.title, PullRequestState(one.state.lower())) for one in found if one)


ISSUE_FIELDS = """
fragment ticket on Issue {
  databaseId url title body state stateReason(enableDuplicate: true) updatedAt
  author { __typename login }
  assignees(first: 10) { nodes { __typename login } }
  closedByPullRequestsReferences(first: 10, includeClosedPrs: true) { nodes { url title state } }
}
"""
