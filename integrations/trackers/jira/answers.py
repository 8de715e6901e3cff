"""What Jira answers, as far as it is used: https://developer.atlassian.com/cloud/jira/platform/rest/v3/"""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, JsonValue

Id = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]
"""Jira writes some ids as numbers, and the same elsewhere as text."""


class Named(BaseModel):
    id: Id = ""
    name: str


class Category(BaseModel):
    """``key`` is ``new``, ``indeterminate`` or ``done`` (or ``undefined``)."""

    key: str


class Status(Named):
    category: Category = Field(alias="statusCategory")


class Resolutions(BaseModel):
    all: list[Named]


class TypeStatus(BaseModel):
    statuses: list[Status] = []


class TypeStatuses(BaseModel):
    """The statuses of each issue type of a project."""

    all: list[TypeStatus]


class User(BaseModel):
    id: str = Field(alias="accountId")
    name: str = Field(default="", alias="displayName")
    email: str | None = Field(default=None, alias="emailAddress")
    active: bool = True
    kind: str = Field(default="atlassian", alias="accountType")


class Users(BaseModel):
    users: list[User]


class Project(BaseModel):
    id: Id
    key: str
    name: str = ""
    archived: bool = False


class IssueFields(BaseModel):
    summary: str
    description: JsonValue = None
    status: Status
    resolution: Named | None = None
    assignee: User | None = None
    creator: User | None = None
    due_on: date | None = Field(default=None, alias="duedate")
    labels: list[str] = []
    updated: AwareDatetime
    project: Project
    type: Named = Field(alias="issuetype")


class Issue(BaseModel):
    id: Id
    key: str
    fields: IssueFields


FIELDS = (
    "summary",
    "description",
    "status",
    "resolution",
    "assignee",
    "creator",
    "duedate",
    "labels",
    "updated",
    "project",
    "issuetype",
)
"""What is asked for: search and bulk fetch tell no more than that."""


class Issues(BaseModel):
    issues: list[Issue] = []


class Found(BaseModel):
    id: Id
    key: str


class FoundPage(BaseModel):
    issues: list[Found] = []
    next: str | None = Field(default=None, alias="nextPageToken")


class Created(BaseModel):
    id: Id
    key: str


class Kind(BaseModel):
    """Of a field's value. ``items`` is the kind of each in a list; ``custom`` the custom field's type."""

    type: str = ""
    items: str | None = None
    custom: str | None = None


class FormField(BaseModel):
    """A field of the create form."""

    id: str = Field(alias="fieldId")
    name: str = ""
    required: bool = False
    has_default: bool = Field(default=False, alias="hasDefaultValue")
    kind: Kind = Field(default_factory=Kind, alias="schema")
    allowed: list[JsonValue] = Field(default=[], alias="allowedValues")


class FormPage(BaseModel):
    fields: list[FormField] = []
    total: int = 0


class TypePage(BaseModel):
    types: list[Named] = Field(default=[], alias="issueTypes")
    total: int = 0


class ScreenField(BaseModel):
    """A field of a transition's screen."""

    name: str = ""
    required: bool = False
    has_default: bool = Field(default=False, alias="hasDefaultValue")
    allowed: list[JsonValue] = Field(default=[], alias="allowedValues")


class Transition(BaseModel):
    id: str
    name: str = ""
    to: Status
    available: bool = Field(default=True, alias="isAvailable")
    fields: dict[str, ScreenField] = {}


class Transitions(BaseModel):
    transitions: list[Transition] = []


class Property(BaseModel):
    key: str
    value: JsonValue = None


class Comment(BaseModel):
    id: Id
    author: User | None = None
    body: JsonValue = None
    properties: list[Property] = []


class CommentPage(BaseModel):
    comments: list[Comment] = []
    total: int = 0


class CommentList(BaseModel):
    values: list[Comment] = []


class Permission(BaseModel):
    name: str = ""
    granted: bool = Field(default=False, alias="havePermission")


class Permissions(BaseModel):
    permissions: dict[str, Permission] = {}


class Webhook(BaseModel):
    """One that an administrator may have entered; its id is the end of ``self``."""

    url: str = ""
    address: str = Field(default="", alias="self")

    @property
    def id(self) -> str:
        return self.address.rstrip("/").rpartition("/")[2]


class Webhooks(BaseModel):
    webhooks: list[Webhook] = []


class WorkflowStatus(BaseModel):
    id: Id = ""
    reference: str = Field(alias="statusReference")
    name: str = ""
    category: str = Field(default="", alias="statusCategory")
    """``TODO``, ``IN_PROGRESS`` or ``DONE``."""


class WorkflowEnd(BaseModel):
    """Where a transition begins; older answers name it otherwise."""

    reference: str | None = Field(default=None, alias="fromStatusReference")
    older: str | None = Field(default=None, alias="statusReference")

    @property
    def status(self) -> str:
        return self.reference or self.older or ""


class WorkflowWay(BaseModel):
    type: str = ""
    to: str | None = Field(default=None, alias="toStatusReference")
    older_to: WorkflowEnd | None = Field(default=None, alias="to")
    links: list[WorkflowEnd] = []
    older_from: list[WorkflowEnd] = Field(default=[], alias="from")

    @property
    def target(self) -> str:
        return self.to or (self.older_to.status if self.older_to else "")

    @property
    def sources(self) -> list[str]:
        return [one.status for one in (*self.links, *self.older_from)]


class Workflow(BaseModel):
    statuses: list[WorkflowStatus] = []
    transitions: list[WorkflowWay] = []


class Workflows(BaseModel):
    statuses: list[WorkflowStatus] = []
    workflows: list[Workflow] = []
