"""People and their working hours."""

from domain.errors.refusal import ConflictingState, Invalid


class PersonNotActive(Invalid):
    title = "The person is deactivated"
    says = "'{person_id}' is deactivated and can't review. Choose someone else."


class MergedIntoItself(ConflictingState):
    title = "It can't be merged into itself"
    says = "This is the same {kind}. Choose another one, which takes over what it has."


class LastAdministrator(ConflictingState):
    title = "The last administrator"
    says = (
        "This is the only active administrator, and an organization needs one. Make someone else an administrator"
        " first."
    )


class NeverWorking(ConflictingState):
    title = "No working time"
    says = "The calendar in {zone} has no working time in the next three years. Add working days or remove holidays."


class AmbiguousPerson(Invalid):
    title = "Several people have that name"
    says = "Several people match '{words}': {names}. Choose one of them, or enter a handle."
