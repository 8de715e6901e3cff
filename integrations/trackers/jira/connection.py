"""The connection to a Jira site: requests and errors, the account, its permissions, the create form, our webhook."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from pydantic import JsonValue

from domain.errors import CredentialsRejected, DomainError, TicketForbidden, TicketGone, TrackerRefused
from integrations.connection import PermissionCheck
from integrations.ticket import TicketRef
from integrations.tracker import Account, Registration, RequiredField, Tracker, TrackerUnavailable
from integrations.trackers.jira.answers import (
    FormField,
    FormPage,
    Named,
    Permissions,
    Project,
    Resolutions,
    TypePage,
    TypeStatuses,
    User,
    Users,
    Webhooks,
)
from integrations.trackers.jira.form import kind_of, options_of
from integrations.trackers.jira.settings import JiraConfig, JiraSecrets
from integrations.trackers.jira.site import Forbidden, JiraSite, Unseen
from integrations.trackers.jira.status import DONE, Reading, StatusMapping, described
from integrations.trackers.jira.webhook import EVENTS


class JiraConnection(Tracker):
    """What a tracker does beside its tickets."""

    def __init__(self, config: JiraConfig, secrets: JiraSecrets) -> None:
        self._config = config
        self._secrets = secrets
        self._mapping = StatusMapping(config.not_done, config.duplicates)

    @cached_property
    def _site(self) -> JiraSite:
        config = self._config
        if self._secrets.api_token is None:
            raise TrackerRefused(tracker=self.label, detail="this connection has no API token.")
        if not (config.base_url and config.email and config.project):
            raise TrackerRefused(tracker=self.label, detail="this connection has no site, e-mail, or project.")
        token = self._secrets.api_token.get_secret_value()
        return JiraSite(self.label, config.base_url, config.email, token, self.kept_host)

    def close(self) -> None:
        if "_site" in self.__dict__:
            self._site.close()

    @contextmanager
    def _translating_errors(self, ref: TicketRef | None = None) -> Iterator[JiraSite]:
        """Turns what the site raises into the contract's errors; ``ref`` is the ticket spoken of, None the project."""
        site = self._site
        try:
            yield site
        except Unseen as error:
            if ref is None:
                raise TrackerRefused(tracker=self.label, detail=str(error)) from None
            self._must_see_project(ref.key)
            raise TicketGone(tracker=self.label, key=ref.key) from None
        except Forbidden as error:
            key = ref.key if ref else self._config.project
            raise TicketForbidden(tracker=self.label, key=key, detail=str(error)) from None
        finally:
            self.calls, self.request_id = site.calls, site.request_id

    def _must_see_project(self, key: str) -> None:
        project = key.rpartition("-")[0] or self._config.project
        try:
            self._site.send("GET", f"/rest/api/3/project/{project}")
        except (Unseen, Forbidden):
            detail = f"the project {project} doesn't exist, or the account can't see it."
            raise TicketForbidden(tracker=self.label, key=key, detail=detail) from None

    def own_account(self) -> str:
        return self._account.id

    @cached_property
    def _account(self) -> User:
        with self._translating_errors() as site:
            return site.ask(User, "GET", "/rest/api/3/myself")

    def accounts(self) -> Iterator[Account]:
        """Of the first thousand users, which is all that Jira looks through, those who may be assigned."""
        for at in range(0, 1000, PAGE):
            query = {"project": self._config.project, "startAt": str(at), "maxResults": str(PAGE)}
            with self._translating_errors() as site:
                found = site.read(Users, {"users": site.send("GET", "/rest/api/3/user/assignable/search", query)})
            # a page is filtered after it was cut: an empty one says nothing about the next
            people = (one for one in found.users if one.active and one.kind == "atlassian")
            yield from (Account(one.id, one.name, one.email or None) for one in people)

    def check_permissions(self) -> list[PermissionCheck]:
        checks = [self._hears(self._secrets.webhook_secret)]
        for look in (self._check_account, self._check_project, self._check_form, self._check_resolutions):
            try:
                checks += look()
            except DomainError as refusal:
                checks.append(PermissionCheck(_CHECKS[look.__name__], granted=False, detail=str(refusal)))
            if not all(check.granted for check in checks[1:]):
                break  # what follows would fail for the same reason
        return checks

    def _check_account(self) -> list[PermissionCheck]:
        return [
            PermissionCheck("API token", granted=True, detail=f"Signed in as {self._account.name or 'an account'}.")
        ]

    def _check_project(self) -> list[PermissionCheck]:
        project = self._project()
        if project.archived:
            return [PermissionCheck("Project", granted=False, detail=f"{project.key} is archived.")]
        query = {"projectKey": project.key, "permissions": ",".join(PERMISSIONS)}
        with self._translating_errors() as site:
            told = site.ask(Permissions, "GET", "/rest/api/3/mypermissions", query).permissions
        checks = [PermissionCheck("Project", granted=True, detail=f"{project.key} is {project.name or 'there'}.")]
        for name in PERMISSIONS:
            people = (told[name].name if name in told else "") or name.replace("_", " ").title()
            granted = name in told and told[name].granted
            detail = f"The account {'has' if granted else 'lacks'} this permission in {project.key}."
            checks.append(PermissionCheck(people, granted=granted, detail=detail))
        return checks

    def _project(self) -> Project:
        try:
            with self._translating_errors() as site:
                return site.ask(Project, "GET", f"/rest/api/3/project/{self._config.project}")
        except TrackerRefused:
            detail = f"the project {self._config.project} doesn't exist, or the account can't see it."
            raise TrackerRefused(tracker=self.label, detail=detail) from None

    def _check_form(self) -> list[PermissionCheck]:
        form = {field.id for field in self._form(self._config.project, self._config.issue_type)}
        absent = [name for name in ("summary", "description", "labels") if name not in form]
        kind = self._config.issue_type
        detail = f"{kind} can be created." if not absent else f"{kind}'s create form lacks: {', '.join(absent)}."
        return [PermissionCheck("Issue type", granted=not absent, detail=detail)]

    def _check_resolutions(self) -> list[PermissionCheck]:
        """How this site's resolutions and closed statuses are read: an administrator must say what they mean where the
        site speaks another language than the settings."""
        try:
            with self._translating_errors() as site:
                found = site.read(Resolutions, {"all": site.send("GET", "/rest/api/3/resolution")}).all
                path = f"/rest/api/3/project/{self._config.project}/statuses"
                types = site.read(TypeStatuses, {"all": site.send("GET", path)}).all
        except (TrackerRefused, TicketForbidden, TrackerUnavailable):
            return []  # what the account may not list is no permission that we need
        closed = {one.id: one for kind in types for one in kind.statuses if one.category.key == DONE}
        readings = [self._mapping.reading(one) for one in found]
        readings += [self._mapping.reading_of_status(one.name) for one in closed.values()]
        if not found or any(one is not Reading.DONE for one in readings):
            detail = described(self._mapping, found)
            return [PermissionCheck("Resolutions", granted=True, detail=detail)] if found else []
        names = ", ".join(f"{one.name} ({one.id})" for one in found[:20])
        detail = (
            f"None of this site's resolutions is listed as won't do: {names}. Add the ones that mean it to the setting"
            ' "Resolutions for won\'t do", and those for duplicates to "Resolutions for duplicates".'
        )
        return [PermissionCheck("Resolutions", granted=False, detail=detail)]

    def required_fields(self, project: str | None = None, issue_type: str | None = None) -> list[RequiredField]:
        form = self._form(project or self._config.project, issue_type or self._config.issue_type)
        needed = [field for field in form if field.required and not field.has_default and field.id not in _OURS]
        return [RequiredField(field.id, field.name or field.id, kind_of(field), options_of(field)) for field in needed]

    def _form(self, project: str, issue_type: str) -> list[FormField]:
        """The create form, page by page."""
        path = f"{ISSUE_PATH}/createmeta/{project}/issuetypes"
        kind = issue_type if issue_type.isdigit() else self._type(path, project, issue_type).id
        fields: list[FormField] = []
        while True:
            query = {"startAt": str(len(fields)), "maxResults": str(PAGE)}
            with self._translating_errors() as site:
                page = site.ask(FormPage, "GET", f"{path}/{kind}", query)
            fields += page.fields
            if not page.fields or len(fields) >= page.total:
                return fields

    def _type(self, path: str, project: str, name: str) -> Named:
        with self._translating_errors() as site:
            types = site.ask(TypePage, "GET", path, {"maxResults": "200"}).types
        found = next((one for one in types if one.name.casefold() == name.casefold()), None)
        if found is None:
            offered = ", ".join(one.name for one in types) or "none"
            detail = f"{project} has no issue type {name} that the account can create. It can create {offered}."
            raise TrackerRefused(tracker=self.label, detail=detail)
        return found

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:
        project = self._config.project
        chosen = self._config.webhook_filter or f'project = "{project}"'
        hook: dict[str, JsonValue] = {
            "name": "Afterword",
            "description": "Changes of the tickets of action items",
            "url": url,
            "events": list(EVENTS),
            "filters": {"issue-related-events-section": chosen},
            "excludeBody": False,
            "secret": secret,
        }
        with self._administering() as site:
            there = site.read(Webhooks, {"webhooks": site.send("GET", _HOOKS)}).webhooks
            known = current.id if current else None
            mine = next((one for one in there if one.id == known), None)
            mine = mine or next((one for one in there if one.url == url), None)
            if mine is None:
                mine = site.read(Webhooks, {"webhooks": [site.send("POST", _HOOKS, body=hook)]}).webhooks[0]
            else:
                site.send("PUT", f"{_HOOKS}/{mine.id}", body=hook)
        return Registration(mine.id)

    def remove_webhook(self, current: Registration) -> None:
        with self._administering() as site:
            try:
                site.send("DELETE", f"{_HOOKS}/{current.id}")
            except Unseen:
                return

    @contextmanager
    def _administering(self) -> Iterator[JiraSite]:
        """What only administrators of Jira may do, and 401 says as well as 403."""
        try:
            with self._translating_errors() as site:
                yield site
        except (TicketForbidden, CredentialsRejected):
            self.__dict__.pop("_account", None)
            self.own_account()
            detail = (
                "only a Jira administrator can register webhooks. Create the webhook in Jira yourself,"
                " with this secret."
            )
            raise TrackerRefused(tracker=self.label, detail=detail) from None


PAGE = 100
PERMISSIONS = (
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "TRANSITION_ISSUES",
    "ASSIGN_ISSUES",
    "SCHEDULE_ISSUES",
    "ADD_COMMENTS",
    "EDIT_OWN_COMMENTS",
)
ISSUE_PATH = "/rest/api/3/issue"
_HOOKS = "/rest/webhooks/1.0/webhook"
_OURS = {"summary", "description", "project", "issuetype", "labels", "assignee", "duedate", "reporter", "parent"}
"""Fields of the create form that we give, or Jira gives by itself."""
_CHECKS = {
    "_check_account": "API token",
    "_check_project": "Project",
    "_check_form": "Issue type",
    "_check_resolutions": "Resolutions",
}
