"""What Asana answers: https://developers.asana.com/reference/tasks"""

from datetime import date
from typing import Generic, TypeVar

from pydantic import AwareDatetime, BaseModel

T = TypeVar("T")


class Named(BaseModel):
    gid: str
    name: str = ""


class User(Named):
    email: str | None = None


class Membership(BaseModel):
    project: Named | None = None
    section: Named | None = None


class External(BaseModel):
    gid: str | None = None


class FieldValue(BaseModel):
    gid: str
    enum_value: Named | None = None


class Task(BaseModel):
    gid: str
    name: str
    html_notes: str = ""
    completed: bool
    assignee: Named | None = None
    created_by: Named | None = None
    due_on: date | None = None
    modified_at: AwareDatetime
    permalink_url: str
    tags: list[Named] = []
    memberships: list[Membership] = []
    custom_fields: list[FieldValue] = []
    external: External | None = None


class Story(BaseModel):
    gid: str
    resource_subtype: str = ""
    html_text: str = ""
    created_by: Named | None = None


class Project(Named):
    archived: bool = False
    workspace: Named | None = None
    default_access_level: str | None = None


class Access(BaseModel):
    access_level: str = ""


class Setting(BaseModel):
    custom_field: "Choice"


class Choice(Named):
    enum_options: list["Option"] = []


class Option(Named):
    enabled: bool = True


class Hook(BaseModel):
    gid: str
    active: bool
    target: str = ""
    resource: Named | None = None
    last_failure_at: AwareDatetime | None = None
    last_failure_content: str | None = None
    last_success_at: AwareDatetime | None = None


class NextPage(BaseModel):
    offset: str


class Data(BaseModel, Generic[T]):
    """The envelope of every answer."""

    data: T


class Page(BaseModel, Generic[T]):
    data: list[T]
    next_page: NextPage | None = None


class Problem(BaseModel):
    message: str = ""


class Problems(BaseModel):
    errors: list[Problem] = []


def projects_of(task: Task) -> list[str]:
    return [one.project.gid for one in task.memberships if one.project]
