"""The connection to a Linear team: requests and their errors, the account, its permissions, our webhook."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

from pydantic import JsonValue, TypeAdapter, ValidationError

from domain.errors import CredentialsRejected, TicketForbidden, TicketGone, TrackerRefused
from integrations.connection import PermissionCheck
from integrations.outbound.client import HttpClient
from integrations.tracker import Account, Registration, Tracker, TrackerUnavailable
from integrations.trackers.linear.answers import Answer, Issue, N, Nodes, Success, Team, User, Webhook
from integrations.trackers.linear.errors import LinearRefused, problem_in, seconds_to_wait
from integrations.trackers.linear.queries import (
    CREATE_MUTATION,
    TEAMS_QUERY,
    USERS_QUERY,
    VIEWER_QUERY,
    WEBHOOK_CREATE_MUTATION,
    WEBHOOK_DELETE_MUTATION,
    WEBHOOK_UPDATE_MUTATION,
    WEBHOOKS_QUERY,
)
from integrations.trackers.linear.settings import LinearConfig, LinearSecrets
from integrations.trackers.linear.wire import Node

RESOURCES = ("Issue", "Attachment")
"""What our webhook is told of."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NIL = "00000000-0000-4000-8000-000000000000"


class LinearConnection(Tracker):
    """What a tracker does beside its tickets."""

    def __init__(self, config: LinearConfig, secrets: LinearSecrets) -> None:
        self._config = config
        self._secrets = secrets
        self._teams: dict[str, Team] = {}

    @cached_property
    def _http(self) -> HttpClient:
        if self._secrets.token is None:
            raise TrackerRefused(tracker=self.label, detail="this connection has no API key.")
        token = self._secrets.token.get_secret_value()
        # a personal key goes as it is, an OAuth token with "Bearer"
        authorization = f"Bearer {token}" if token.startswith("lin_oauth_") else token
        return HttpClient(
            self, self._config.base_url, {"Authorization": authorization}, hidden=[token], wait=seconds_to_wait
        )

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    def _team(self, pointer: str) -> Team:
        """The team with this key, name or id."""
        if not pointer:
            raise TrackerRefused(tracker=self.label, detail="this connection has no team.")
        if pointer not in self._teams:
            found = self._teams_like(pointer)
            if not found and pointer == self._config.team and self._config.team_id:
                found = self._teams_like(self._config.team_id)  # its key was changed
            if not found:
                detail = f"the team {pointer} doesn't exist, or the key can't see it."
                raise TrackerRefused(tracker=self.label, detail=detail)
            self._teams[pointer] = next((one for one in found if one.key.lower() == pointer.lower()), found[0])
        return self._teams[pointer]

    def _teams_like(self, pointer: str) -> list[Team]:
        named = [{"key": {"eqIgnoreCase": pointer}}, {"name": {"eqIgnoreCase": pointer}}]
        like = {"id": {"eq": pointer}} if _UUID.fullmatch(pointer) else {"or": named}
        return self._ask(TEAMS_QUERY, "teams", Nodes[Team], filter=like).nodes

    def settled_config(self) -> Mapping[str, JsonValue]:
        """The team by its id, and by the key that it has now."""
        if not self._config.team:
            return {}
        with self._translating_errors():
            team = self._team(self._config.team)
        known = {self._config.team.lower()} & {team.key.lower(), team.name.lower(), team.id.lower()}
        return {"teamId": team.id, "team": self._config.team if known else team.key}

    def own_account(self) -> str:
        return self._viewer.id

    @cached_property
    def _viewer(self) -> User:
        with self._translating_errors():
            return self._ask(VIEWER_QUERY, "viewer", User)

    def accounts(self) -> Iterator[Account]:
        after: str | None = None
        while True:
            with self._translating_errors():
                page = self._ask(USERS_QUERY, "users", Nodes[User], after=after)
            for user in page.nodes:
                if user.active and user.is_assignable:
                    yield Account(user.id, user.name, user.email or None)
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page or after is None:
                return

    def check_permissions(self) -> list[PermissionCheck]:
        looks = {
            "API key": self._see_account,
            "Team": self._see_team,
            "Create issues": self._see_create,
            "Webhooks": self._see_webhooks,
        }
        return self._permission_checks(
            self._secrets.webhook_secret, looks, aside={"Create issues"}, around=self._translating_errors
        )

    def _see_account(self) -> tuple[bool, str]:
        return True, f"Signed in as {self._viewer.name}."

    def _see_team(self) -> tuple[bool, str]:
        team = self._team(self._config.team)
        return True, f"The key can see the team {team.name or team.key}."

    def _see_create(self) -> tuple[bool, str]:
        """A key's rights are told by no query: ask for an issue in a team that cannot be, and look what is refused."""
        try:
            self._ask(
                CREATE_MUTATION,
                "issueCreate.issue",
                Issue,
                input={"teamId": _NIL, "title": "Afterword asks whether it may"},
            )
        except LinearRefused as refused:
            if refused.is_final:
                raise
        return True, "The key can create issues in the teams it can see."

    def _see_webhooks(self) -> tuple[bool, str]:
        next(self._webhooks(), None)
        return True, "The key can register webhooks."

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:
        """Linear's webhooks do not expire; its team cannot be changed, so one of another team is not adopted."""
        with self._translating_errors():
            team = None if self._config.all_public_teams else self._team(self._config.team)
            wanted = {"url": url, "secret": secret, "resourceTypes": list(RESOURCES), "enabled": True}
            for hook in self._webhooks():
                scoped = hook.all_public_teams if team is None else hook.team is not None and hook.team.id == team.id
                if scoped and (hook.url == url or (current is not None and hook.id == current.id)):
                    self._ask(WEBHOOK_UPDATE_MUTATION, "webhookUpdate", Success, id=hook.id, input=wanted)
                    return Registration(hook.id)
            scope = {"allPublicTeams": True} if team is None else {"teamId": team.id}
            words = {**wanted, **scope, "label": "Afterword"}
            return Registration(self._ask(WEBHOOK_CREATE_MUTATION, "webhookCreate.webhook", Node, input=words).id)

    def _webhooks(self) -> Iterator[Webhook]:
        after: str | None = None
        while True:
            page = self._ask(WEBHOOKS_QUERY, "webhooks", Nodes[Webhook], after=after)
            yield from page.nodes
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page or after is None:
                return

    def remove_webhook(self, current: Registration) -> None:
        with self._translating_errors():
            try:
                self._ask(WEBHOOK_DELETE_MUTATION, "webhookDelete", Success, id=current.id)
            except LinearRefused as refused:
                if not refused.is_absent("Webhook"):
                    raise

    def _ask(self, document: str, path: str, shape: type[N], **variables: object) -> N:
        """What stands at ``path`` of Linear's answer to a document: ``issueCreate.issue``.

        Raises :class:`LinearRefused` or ``TrackerUnavailable``.
        """
        answer = self._http.send("POST", "/graphql", json={"query": document, "variables": variables})
        problem = problem_in(answer)
        if problem is not None:
            words = problem.extensions.user_presentable_message or problem.message or f"status {answer.status_code}"
            raise LinearRefused(answer.status_code, problem, self._http.shown(words), seconds_to_wait(answer))
        found: JsonValue = dict(self._http.decoded(answer, Answer).data)
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        try:
            return TypeAdapter(shape).validate_python(found)
        except ValidationError:
            raise TrackerUnavailable(self.label, f"it answered no {path} as its schema has it") from None

    @contextmanager
    def _translating_errors(self, key: str | None = None) -> Iterator[None]:
        """Turns Linear's refusals into the contract's; ``key`` is the ticket spoken of, None for the team."""
        try:
            yield
        except LinearRefused as refused:
            raise self._translated(refused, key) from None

    def _translated(self, refused: LinearRefused, key: str | None) -> Exception:
        if refused.is_stumble:
            return TrackerUnavailable(self.label, refused.words, refused.wait if refused.is_limit else None)
        if refused.is_about_credentials:
            return CredentialsRejected(tracker=self.label)
        if refused.is_about_rights:
            return TicketForbidden(tracker=self.label, key=key or self._config.team, detail=refused.words)
        if key and refused.is_absent("Issue"):
            return TicketGone(tracker=self.label, key=key)
        return TrackerRefused(tracker=self.label, detail=refused.words)
