"""What a connection's projection looks like outside, and which ones make no sense."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from api.shapes.base import FreeForm, Ref, StrictlyGiven
from domain.action_items.action_item import ActionItemStatus
from domain.tickets.projection import TicketField, Winner
from integrations.fields import Words

Theirs = Annotated[str, Words(200, one_line=True)]
"""A name or an id of the tracker's."""
Label = Annotated[str, Words(60, one_line=True)]


class DestinationShape(StrictlyGiven):
    """The destination of the action items of a team's or service's postmortems; without either, of all others.
    ``project`` and ``issueType`` are the tracker's names or ids; by default, those of the connection."""

    team_id: Ref | None = None
    service_id: Ref | None = None
    project: Theirs | None = None
    issue_type: Theirs | None = None

    @model_validator(mode="after")
    def _leads_somewhere(self) -> "DestinationShape":
        if self.team_id and self.service_id:
            raise PydanticCustomError(
                "team_and_service", "Choose a team or a service, not both: a service's destination takes precedence"
            )
        if not (self.project or self.issue_type):
            raise PydanticCustomError("no_destination", "Choose a project or an issueType of the tracker")
        return self


class ProjectionShape(StrictlyGiven):
    """How action items are mapped to this tracker's tickets. Values that you leave out are chosen by the category of a
    status.

    ``statuses``: our status to the tracker's name. ``names``: a tracker's name, in any case, to our status.
    ``winners``: whose value to keep if both sides changed a field. ``fields``: values for the tracker's required
    fields, by field id. ``labels`` are added to each new ticket.
    """

    statuses: dict[ActionItemStatus, Theirs] = Field(default_factory=dict)
    names: Annotated[dict[Theirs, ActionItemStatus], Field(max_length=100)] = Field(default_factory=dict)
    winners: dict[TicketField, Winner] = Field(default_factory=dict)
    destinations: Annotated[list[DestinationShape], Field(max_length=200)] = Field(default_factory=list)
    fields_: FreeForm = Field(default_factory=dict, alias="fields")
    labels: Annotated[list[Label], Field(max_length=20)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_everything_once(self) -> "ProjectionShape":
        if name := _twice([one.lower() for one in self.names]):
            raise PydanticCustomError("name_twice", "The tracker's '{name}' is listed twice", {"name": name})
        places = [one.team_id or one.service_id or "everything else" for one in self.destinations]
        if place := _twice(places):
            raise PydanticCustomError("destination_twice", "'{place}' has two destinations", {"place": place})
        if len(self.model_dump_json()) > 50_000:
            raise PydanticCustomError("too_long", "A ticket mapping can have at most 50,000 characters")
        return self

    def kept(self) -> dict[str, JsonValue]:
        """As it is stored, and as ``domain.tickets.projection`` reads it: without what says nothing."""
        whole = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {name: value for name, value in whole.items() if value}


def _twice(names: Sequence[str]) -> str | None:
    return next((one for place, one in enumerate(names) if one in names[:place]), None)
