"""GitHub issues, by PyGithub.

https://docs.github.com/en/rest/issues/issues
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
https://docs.github.com/en/rest/repos/webhooks
https://docs.github.com/en/graphql/reference/objects#issue
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries

A ticket's ``external_id`` is the issue's database ``id``, which every webhook carries; its ``key`` is
``owner/name#12``, which the API wants. A transfer to another repository changes both (GitHub answers 301, and sends
``transferred`` with the new issue). A pull request is an issue to GitHub's API, but never to us.

Our marker is the comment ``<!-- afterword:MARKER -->`` at the end of the body, which readers do not see. It is looked
for in the list of the repository's issues, newest first, and not by search, whose index lags by seconds to minutes;
GitHub promises no read-after-write for the list either, hence ``lookup_lag``. Only issues of our own account count,
since anybody may copy a marker.

A title has at most 256 characters, a body 65,536: what is longer is cut. The token needs "Issues: read and write" and
"Metadata: read" (fine-grained), or the scope ``repo`` (classic).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import islice
from json import JSONDecodeError
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from github import Auth, BadAttributeException, Github, GithubException, IncompletableObject, RateLimitExceededException
from github.GithubObject import NotSet
from github.Hook import Hook
from github.Issue import Issue
from github.Repository import Repository
from pydantic import Field, SecretStr, ValidationError

from domain.errors import CredentialsRejected, TicketForbidden, TicketGone, TrackerRefused
from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.connection import ConnectionModel
from integrations.github_issues import (
    ISSUE_FIELDS,
    KEY,
    NAME,
    PATH,
    STANDINGS,
    IssueNode,
    NotGithub,
    key_of,
    login_of,
    mark_in,
    marked,
    short,
    standing_of,
    ticket_of,
    unix,
)
from integrations.github_webhooks import EVENTS, news
from integrations.http import Address, Token
from integrations.tracker import (
    Account,
    Check,
    News,
    PermissionCheck,
    Registration,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketRef,
    Tracker,
    TrackerUnavailable,
)
from integrations.webhook import check_signature, header, needed_header

NEWEST = 300
"""How many issues are looked through for a marker where it is not known since when to look."""
CLOCK_SKEW = timedelta(minutes=5)
LIMITED_FOR = 60.0
"""Seconds to wait where GitHub limits the rate without saying for how long (its documentation: a minute)."""


class GithubConfig(ConnectionModel):
    """Where tickets are opened."""

    repository: Annotated[
        str,
        Field(
            title="Repository",
            description=(
                "As owner/name, such as acme/api. Without it, Afterword accepts webhooks but can't create tickets."
            ),
            pattern=f"^({NAME})?$",
        ),
    ] = ""
    base_url: Annotated[
        Address,
        Field(title="API address", description="For GitHub Enterprise: https://github.example.com/api/v3."),
    ] = "https://api.github.com"
    labels: Annotated[
        tuple[str, ...],
        Field(title="Labels", description="Added to every ticket that Afterword creates here."),
    ] = ()
    seconds_between_writes: Annotated[
        float,
        Field(title="Seconds between writes", description="GitHub asks for at least one second.", ge=0, le=60),
    ] = 1.0


class GithubSecrets(ConnectionModel):
    """What GitHub knows us by, and we GitHub."""

    token: Annotated[
        Token,
        Field(title="Token", description="A personal access token that can read and write issues there."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description=(
                "The secret of the webhook in GitHub. Required to accept webhooks. While you rotate it, enter"
                " both, separated by a comma."
            ),
        ),
    ] = None


class GithubTracker(Tracker):
    """One repository's issues."""

    label = "GitHub"
    Config = GithubConfig
    Secrets = GithubSecrets
    knows_started = False
    knows_due = False
    lookup_lag = 10.0

    def __init__(self, config: GithubConfig, secrets: GithubSecrets) -> None:
        self._config = config
        self._secrets = secrets

    @cached_property
    def _client(self) -> Github:
        return Github(
            auth=_Counted(self._token, self),
            base_url=self._config.base_url,
            user_agent="afterword",
            timeout=10,
            retry=None,  # its own retries would send a POST again after a 5xx; Temporal retries
            seconds_between_requests=0,
            seconds_between_writes=self._config.seconds_between_writes,
            per_page=100,
            lazy=True,
        )

    @property
    def _token(self) -> str:
        if self._secrets.token is None or not self._config.repository:
            raise TrackerRefused(tracker=self.label, detail="this connection has no token or no repository.")
        return self._secrets.token.get_secret_value()

    # Addresses in GitHub's answers are not followed, since it may be reached by another one: each request is made
    # from names.

    @cached_property
    def _repository(self) -> Repository:
        """The configured repository as it is now."""
        repository = self._client.get_repo(self._config.repository)
        if not repository.id:  # the first look at a lazy object is the request
            raise NotGithub("a repository without an id")
        return repository

    @property
    def _here(self) -> Repository:
        """The repository by its name of today. GitHub redirects from an old one, but the library then drops the query
        of a GET and does not follow a POST."""
        return self._client.get_repo(self._repository.full_name)

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:
        mine = self.own_account()
        with self._speaking():
            for issue in self._newest(since):
                if mark_in(issue.body) == marker and login_of(issue.user) == mine:
                    return ticket_of(issue)
        return None

    def _newest(self, since: datetime | None) -> Iterator[Issue]:
        if since is None:
            every = self._here.get_issues(state="all", sort="created", direction="desc")
            yield from islice(every, NEWEST)
            return
        since = since.astimezone(UTC) - CLOCK_SKEW
        # to GitHub "since" is about the last change, which is never before the creation
        for issue in self._here.get_issues(state="all", sort="created", direction="desc", since=since):
            if issue.created_at < since:
                return
            yield issue

    def create(self, draft: TicketDraft) -> Ticket:
        with self._speaking():
            issue = self._here.create_issue(
                title=short(draft.title),
                body=marked(draft.body, draft.marker),
                labels=list(dict.fromkeys((*self._config.labels, *draft.labels))),
                assignees=[draft.assignee] if draft.assignee else [],
            )
            return self._seen_ticket(issue)

    def fetch(self, ref: TicketRef) -> Ticket:
        with self._speaking(ref.key):
            return self._seen_ticket(self._issue(ref))

    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        with self._speaking(ref.key):
            issue = self._issue(ref)
            if check is not None:
                check(ticket_of(issue))
            edit = _difference(issue, change)
            if edit != _Edit():
                issue = self._lazy(key_of(issue.html_url))
                issue.edit(
                    title=NotSet if edit.title is None else edit.title,
                    body=NotSet if edit.body is None else edit.body,
                    state=edit.state or NotSet,
                    state_reason=edit.state_reason or NotSet,
                    assignees=NotSet if edit.assignees is None else list(edit.assignees),
                )
            return self._seen_ticket(issue)

    def _seen_ticket(self, issue: Issue) -> Ticket:
        self.request_id = str(issue.raw_headers.get("x-github-request-id") or "") or self.request_id
        return ticket_of(issue)

    def _issue(self, ref: TicketRef) -> Issue:
        """The issue as it is now. One request, which is worth it: nothing is written twice, or to a stranger."""
        issue = self._seen(ref.key)
        if str(issue.id) != ref.external_id and key_of(issue.html_url).lower() == ref.key.lower():
            raise TicketGone(tracker=self.label, key=ref.key)  # another issue has this key now
        return issue

    def _seen(self, key: str) -> Issue:
        issue = self._lazy(key)
        try:
            pull = issue.pull_request
        except GithubException as error:
            if error.status == 404:
                raise self._unseen(key) from None
            raise
        if pull is not None:
            raise TrackerRefused(tracker=self.label, detail=f"{key} is a pull request, not an issue.")
        return issue

    def _lazy(self, key: str) -> Issue:
        """An issue that nobody has asked GitHub about yet."""
        named = KEY.fullmatch(key)
        if named is None:
            raise ValueError(f"not a GitHub key: {key}")
        return self._client.get_repo(named[1]).get_issue(int(named[2]))

    def _unseen(self, key: str) -> TicketForbidden:
        """GitHub answers 410 for what was deleted, and 404 for what the token may not see: also an issue that was
        transferred out of its sight."""
        repository = key.partition("#")[0]
        detail = "there is no issue with that number, or it was transferred to a repository that the token can't see."
        try:
            _ = self._client.get_repo(repository).id
        except GithubException as error:
            if error.status != 404:
                raise
            detail = f"{repository} doesn't exist, or the token can't see it."
        return TicketForbidden(tracker=self.label, key=key, detail=detail)

    def resolve(self, pointer: str) -> Ticket:
        key = self._pointed_at(pointer.strip())
        ours = self._config.repository
        if not key.lower().startswith(f"{ours}#".lower()):
            raise TrackerRefused(tracker=self.label, detail=f"this connection is for {ours}, not for {key}.")
        with self._speaking(key):
            return self._seen_ticket(self._seen(key))

    def _pointed_at(self, pointer: str) -> str:
        """The key in ``owner/name#12``, ``#12``, ``12`` or the address of an issue's page."""
        host, _, path = pointer.partition("://")[2].partition("/")
        page = PATH.fullmatch(f"/{path.partition('#')[0]}") if host.lower() == self._web_host else None
        if page is not None:
            return f"{page[1]}#{page[2]}"
        for key in (pointer, f"{self._config.repository}#{pointer.removeprefix('#')}"):
            if KEY.fullmatch(key):
                return key
        raise TrackerRefused(tracker=self.label, detail="enter an issue's URL or a key like #12.")

    @property
    def _web_host(self) -> str:
        return urlsplit(self._config.base_url).netloc.lower().removeprefix("api.")

    def own_account(self) -> str:
        return self._account

    @cached_property
    def _account(self) -> str:
        with self._speaking():
            login = self._client.get_user().login
            if not login:
                raise NotGithub("an account without a login")
            return login

    def check_permissions(self) -> list[PermissionCheck]:
        looks = {
            "Token": self._see_account,
            "Repository": self._see_repository,
            "Read issues": self._see_issues,
            "Write issues": self._see_role,
        }
        return self._permission_checks(self._secrets.webhook_secret, looks, speaking=self._speaking)

    def _see_account(self) -> tuple[bool, str]:
        return True, f"Signed in as {self.own_account()}."

    def _see_repository(self) -> tuple[bool, str]:
        repository = self._repository
        if repository.archived:
            return False, f"{repository.full_name} is archived."
        if not repository.has_issues:
            return False, f"Issues are turned off in {repository.full_name}."
        return True, f"{repository.full_name} accepts issues."

    def _see_issues(self) -> tuple[bool, str]:
        next(iter(self._here.get_issues()), None)
        return True, "Issues can be read."

    def _see_role(self) -> tuple[bool, str]:
        """By the account's role: what a fine-grained token is limited to GitHub tells at the first write only."""
        role = self._repository.permissions
        if role and (role.triage or role.push or role.maintain or role.admin):
            return True, "The account can open, label, assign, and close issues."
        return False, "The account can't label, assign, or close issues. Give it the role Triage or Write."

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        """By GraphQL, since REST lists a repository and not the issues that one names."""
        for first in range(0, len(refs), self.page_size):
            with self._speaking():
                yield from self._read(refs[first : first + self.page_size])

    def _read(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        wanted = {ref.external_id for ref in refs}
        requester = self._client.requester
        asked = {"query": _query([ref.key for ref in refs])}
        headers, data = requester.requestJsonAndCheck("POST", requester.graphql_url, input=asked)
        self.request_id = str(headers.get("x-github-request-id") or "") or self.request_id
        answer = data.get("data") if isinstance(data, dict) else None
        if not isinstance(answer, dict):  # not a missing issue, which is a null in its place and an error beside
            raise _graphql_error(data, headers)
        for place in answer.values():
            found = (place or {}).get("issue")
            if found is not None:
                node = IssueNode.model_validate(found)
                if str(node.id) in wanted:
                    yield ticket_of(node.payload(), node.pulls())

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        mine, text = self.own_account(), marked(body, marker)
        with self._speaking(ref.key):
            issue = self._issue(ref)
            for one in self._lazy(key_of(issue.html_url)).get_comments():
                if login_of(one.user) == mine and mark_in(one.body) == marker:
                    if unix(one.body) != text:
                        one.edit(text)
                    return
            self._lazy(key_of(issue.html_url)).create_comment(text)

    def accounts(self) -> Iterator[Account]:
        """GitHub tells nobody's e-mail here."""
        with self._speaking():
            for one in self._here.get_assignees():
                yield Account(one.login, one.login)

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:
        """The token needs "Webhooks: read and write" (fine-grained), or the scope ``admin:repo_hook``."""
        config = {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}
        with self._speaking(f"{self._config.repository} webhooks"):
            ours = [one for one in self._here.get_hooks() if _points_to(one, url, current)]
            if ours:
                wanted = {"config": config, "events": list(EVENTS), "active": True}
                place = f"/repos/{self._repository.full_name}/hooks/{ours[0].id}"
                self._client.requester.requestJsonAndCheck("PATCH", place, input=wanted)  # Hook.edit sends a "name" too
                return Registration(str(ours[0].id))
            return Registration(str(self._here.create_hook("web", config, list(EVENTS), active=True).id))

    def remove_webhook(self, current: Registration) -> None:
        try:
            with self._speaking(f"webhook {current.id}"):
                self._here.get_hook(int(current.id)).delete()
        except TicketGone:
            return

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:  # noqa: ARG002
        signature = header(headers, "X-Hub-Signature-256")
        check_signature(signature and signature.removeprefix("sha256="), body, self._secrets.webhook_secret)

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (GitHub numbers them)
        return needed_header(headers, "X-GitHub-Delivery")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        return news(needed_header(headers, "X-GitHub-Event"), self.delivery_id(headers, body), body)

    @contextmanager
    def _speaking(self, key: str | None = None) -> Iterator[None]:
        """Turns the library's errors into the contract's; ``key`` is the ticket spoken of, None for the repository.

        Their causes are cut off, since they may carry what was sent.
        """
        try:
            yield
        except (NotGithub, ValidationError, IncompletableObject, BadAttributeException, JSONDecodeError):
            raise TrackerUnavailable(
                self.label, "it sent an unexpected answer. Check the API address of this connection."
            ) from None
        except GithubException as error:
            raise self._translated(error, key) from None
        except RuntimeError:  # a redirection to another host or protocol
            detail = "it redirects to another address. Correct the API address of this connection."
            raise TrackerRefused(tracker=self.label, detail=detail) from None
        except OSError as error:  # the network, and every error of requests
            raise TrackerUnavailable(self.label, type(error).__name__) from None

    def _translated(self, error: GithubException, key: str | None) -> Exception:
        words = _words(error).replace(self._token, "***")[:500]
        wait = _wait(error, datetime.now(UTC))
        if wait is not None or error.status >= 500:
            return TrackerUnavailable(self.label, words, wait)
        if error.status == 401:
            return CredentialsRejected(tracker=self.label)
        if error.status == 403:
            return TicketForbidden(tracker=self.label, key=key or self._config.repository, detail=words)
        if error.status in {404, 410} and key:
            return TicketGone(tracker=self.label, key=key)
        if error.status == 404:
            words = f"{self._config.repository} doesn't exist, or the token can't see it."
        return TrackerRefused(tracker=self.label, detail=words)


def _points_to(hook: Hook, url: str, current: Registration | None) -> bool:
    return hook.config.get("url") == url or (current is not None and str(hook.id) == current.id)


def _query(keys: Sequence[str]) -> str:
    """Owner, name and number have no character that a GraphQL string would have to escape (:data:`KEY`)."""
    places = []
    for place, key in enumerate(keys):
        if named := KEY.fullmatch(key):
            owner, name = named[1].split("/", 1)
            issue = f"issue(number: {named[2]}) {{ ...ticket }}"
            places.append(f't{place}: repository(owner: "{owner}", name: "{name}") {{ {issue} }}')
    return f"query {{ {' '.join(places) or '__typename'} }} {ISSUE_FIELDS if places else ''}"


def _graphql_error(data: object, headers: Mapping[str, Any]) -> Exception:
    """GraphQL says with 200 what REST says with a status."""
    errors = data.get("errors") if isinstance(data, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    if not first:
        return NotGithub("an answer without data")
    status = 429 if first.get("type") in {"RATE_LIMITED", "RATE_LIMIT"} else 403
    return GithubException(status, {"message": str(first.get("message"))}, dict(headers))


class _Counted(Auth.Token):
    """The library asks for the credentials once for each request: so requests are counted."""

    def __init__(self, token: str, tracker: "GithubTracker") -> None:
        super().__init__(token)
        self._tracker = tracker

    def authentication(self, headers: dict[str, str]) -> None:
        self._tracker.calls += 1
        super().authentication(headers)


def _wait(error: GithubException, now: datetime) -> float | None:
    """Seconds until GitHub wants to hear from us again; None where it does not limit us."""
    headers = error.headers or {}
    if error.status < 500 and error.status not in {403, 429}:
        return None
    if (told := headers.get("retry-after", "")).isdigit():
        return float(told)
    if error.status >= 500:
        return None
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(float(reset) - now.timestamp(), 0.0) + 1.0
    limited = error.status == 429 or isinstance(error, RateLimitExceededException)
    return LIMITED_FOR if limited else None


def _words(error: GithubException) -> str:
    """What GitHub says of it: ``Validation Failed: title missing_field``."""
    data = error.data if isinstance(error.data, dict) else {}
    message = str(data.get("message") or f"status {error.status}")
    errors = data.get("errors")
    details = [_detail(one) for one in errors] if isinstance(errors, list) else []
    return ": ".join([message, "; ".join(details)] if details else [message])


def _detail(one: object) -> str:
    if not isinstance(one, dict):
        return str(one)
    return str(one.get("message") or f"{one.get('field', '')} {one.get('code', '')}".strip())


@dataclass(frozen=True, slots=True)
class _Edit:
    title: str | None = None
    body: str | None = None
    state: Literal["open", "closed"] | None = None
    state_reason: str | None = None
    assignees: tuple[str, ...] | None = None


def _difference(issue: Issue, change: TicketChange) -> _Edit:
    title = None if change.title is None else short(change.title)
    body = None if change.body is None else marked(change.body, mark_in(issue.body))
    wanted = _wanted(change)
    moves = wanted is not None and _moves(standing_of(issue.state, issue.state_reason), wanted, change.reason)
    return _Edit(
        title=None if title == issue.title else title,
        body=None if body == unix(issue.body) else body,
        state=("closed" if wanted.state.is_closed else "open") if wanted and moves else None,
        state_reason=wanted.reason.value.lower() if wanted and wanted.reason and moves else None,
        assignees=_assignees(issue, change.assignee),
    )


def _assignees(issue: Issue, wanted: str | None) -> tuple[str, ...] | None:
    """The first one is the item's owner; the others are somebody's choice, and stay."""
    now = [one.login for one in issue.assignees]
    if wanted is None or wanted in now[:1]:
        return None
    return (wanted, *(one for one in now[1:] if one != wanted))


def _wanted(change: TicketChange) -> Standing | None:
    if change.state is None:
        return None
    if not change.state.is_closed:
        return Standing(TicketState.OPEN)
    if change.state is TicketState.DONE:
        return STANDINGS["completed"]
    duplicate = change.reason is CloseReason.DUPLICATE
    return STANDINGS["duplicate" if duplicate else "not_planned"]


def _moves(now: Standing, wanted: Standing, reason: CloseReason | None) -> bool:
    """A reason that nobody asked for is no reason to write: not planned and duplicate both mean cancelled."""
    return now.state is not wanted.state or (reason is not None and now.reason is not wanted.reason)
