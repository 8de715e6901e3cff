"""People and their working hours."""

from domain.errors.refusal import ConflictingState, Invalid


class PersonNotActive(Invalid):
    title = "The person is deactivated"
    says = "'{person_id}' is deactivated and can't review. Choose someone else."


class NeverWorking(ConflictingState):
    title = "No working time"
    says = "The calendar in {zone} has no working time in the next three years. Add working days or remove holidays."
