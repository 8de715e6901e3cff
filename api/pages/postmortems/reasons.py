"""The reasons of a refusal as people read them on a postmortem's page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.rendering import spoken
from domain.errors import DomainError
from models.person import Person


@dataclass(frozen=True, slots=True)
class ReasonNames:
    """Names of the people, action items and sections that the reasons of a refusal mention by id."""

    people: Mapping[str, Person]
    items: Mapping[str, str]
    sections: Mapping[str, str]

    def explain(self, refusal: DomainError) -> list[str]:
        """Every reason of the refusal as a sentence, with names instead of ids."""
        reasons: Any = refusal.facts.get("reasons")
        if not isinstance(reasons, list):
            return [spoken(refusal)]
        return [self.sentence(one) for one in reasons]

    def sentence(self, one: Mapping[str, Any]) -> str:
        """One reason, with names instead of ids."""
        message = str(one["message"])
        if person := self.people.get(str(one.get("personId"))):
            return message.replace(person.id, person.name)
        if item := self.items.get(str(one.get("actionItemId"))):
            return f"The action item \u201c{item}\u201d needs an owner and a due date."
        if section := self.sections.get(str(one.get("section"))):
            return f"The section \u201c{section}\u201d is still empty."
        return f"{one['where']}: {message}" if "where" in one else message
