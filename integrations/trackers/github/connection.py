"""The connection to a GitHub repository: requests and their errors, the account, its permissions, our webhook."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from json import JSONDecodeError
from traceback import walk_tb
from typing import Any

from github import Auth, BadAttributeException, Github, GithubException, IncompletableObject
from github.Hook import Hook
from github.Repository import Repository
from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    Requester,
    RequestsResponse,
)
from pydantic import ValidationError
from requests import Session

from domain.errors import CredentialsRejected, DomainError, TicketForbidden, TicketGone, TrackerRefused
from integrations.connection import PermissionCheck
from integrations.outbound.bounded import Adapter, trouble_in_words
from integrations.outbound.policy import AddressRefused, guarded
from integrations.tracker import Account, Registration, Tracker, TrackerUnavailable
from integrations.trackers.github.errors import seconds_to_wait, words_of
from integrations.trackers.github.issues import NotGithub
from integrations.trackers.github.settings import GithubConfig, GithubSecrets
from integrations.trackers.github.webhook import EVENTS

NOT_GITHUB = "it sent an unexpected answer. Check the API address of this connection."


REDIRECTIONS = 3
"""Of a renamed repository there is one."""


class _Bounded:
    """The library's way to make requests, for answers of any size, and without its endless repeats.

    It asks again for as long as it gets a 202, and follows a 301 to wherever it leads on this host.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.redirections = 0
        self.session: Session
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, Adapter())

    def getresponse(self) -> RequestsResponse:
        answer: RequestsResponse = super().getresponse()  # type: ignore[misc]
        self.redirections = self.redirections + 1 if answer.status == 301 else 0
        if answer.status == 202 or self.redirections > REDIRECTIONS:
            raise NotGithub(f"status {answer.status} again and again")
        return answer


class _BoundedHttp(_Bounded, HTTPRequestsConnectionClass):
    pass


class _BoundedHttps(_Bounded, HTTPSRequestsConnectionClass):
    pass


Requester.injectConnectionClasses(_BoundedHttp, _BoundedHttps)


class GithubConnection(Tracker):
    """What a tracker does beside its tickets."""

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

    def own_account(self) -> str:
        return self._account

    @cached_property
    def _account(self) -> str:
        with self._translating_errors():
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
        return self._permission_checks(self._secrets.webhook_secret, looks, around=self._translating_errors)

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

    def accounts(self) -> Iterator[Account]:
        """GitHub tells nobody's e-mail here."""
        with self._translating_errors():
            for one in self._here.get_assignees():
                yield Account(one.login, one.login)

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:
        """The token needs "Webhooks: read and write" (fine-grained), or the scope ``admin:repo_hook``."""
        config = {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}
        with self._translating_errors(f"{self._config.repository} webhooks"):
            ours = [one for one in self._here.get_hooks() if _points_to(one, url, current)]
            if ours:
                wanted = {"config": config, "events": list(EVENTS), "active": True}
                place = f"/repos/{self._repository.full_name}/hooks/{ours[0].id}"
                self._client.requester.requestJsonAndCheck("PATCH", place, input=wanted)  # Hook.edit sends a "name" too
                return Registration(str(ours[0].id))
            return Registration(str(self._here.create_hook("web", config, list(EVENTS), active=True).id))

    def remove_webhook(self, current: Registration) -> None:
        try:
            with self._translating_errors(f"webhook {current.id}"):
                self._here.get_hook(int(current.id)).delete()
        except TicketGone:
            return

    @contextmanager
    def _translating_errors(self, key: str | None = None) -> Iterator[None]:
        """Turns the library's errors into the contract's; ``key`` is the ticket spoken of, None for the repository.

        Their causes are cut off, since they may carry what was sent.
        """
        try:
            with guarded(self._config.base_url, self.kept_host):
                yield
        except (DomainError, TrackerUnavailable):
            raise
        except AddressRefused as refused:
            raise TrackerRefused(tracker=self.label, detail=str(refused)) from None
        except (NotGithub, ValidationError, IncompletableObject, BadAttributeException, JSONDecodeError):
            raise TrackerUnavailable(self.label, NOT_GITHUB) from None
        except GithubException as error:
            raise self._translated(error, key) from None
        except RuntimeError:  # a redirection to another host or protocol
            detail = "it redirects to another address. Correct the API address of this connection."
            raise TrackerRefused(tracker=self.label, detail=detail) from None
        except OSError as error:  # the network, and every error of requests
            raise TrackerUnavailable(self.label, trouble_in_words(error)) from None
        except Exception as error:
            if not _is_of_library(error):
                raise  # a defect, and no answer's fault
            raise TrackerUnavailable(self.label, NOT_GITHUB) from None

    def _translated(self, error: GithubException, key: str | None) -> Exception:
        words = words_of(error).replace(self._token, "***")[:500]
        wait = seconds_to_wait(error, datetime.now(UTC))
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


class _Counted(Auth.Token):
    """The library asks for the credentials once for each request: so requests are counted."""

    def __init__(self, token: str, tracker: "GithubConnection") -> None:
        super().__init__(token)
        self._tracker = tracker

    def authentication(self, headers: dict[str, str]) -> None:
        self._tracker.calls += 1
        super().authentication(headers)


def _is_of_library(error: Exception) -> bool:
    """Whether PyGithub, or something below it, stumbled over an answer."""
    modules = (str(frame.f_globals.get("__name__", "")) for frame, _ in walk_tb(error.__traceback__))
    return any(one.partition(".")[0] == "github" for one in modules)
