"""Action items."""

from domain.errors.refusal import ConflictingState, Invalid


class ReasonRequired(Invalid):
    title = "A reason is required"
    says = "Give the reason in '{field}'."


class JustificationRequired(Invalid):
    title = "A justification is required"
    says = "Explain in 'justification' why this won't be done."


class DueDateNotLater(Invalid):
    title = "The new due date isn't later"
    says = "'{field}' must be later than {due_at}. Choose a later time."


class OwnerNotActive(Invalid):
    title = "The owner is deactivated"
    says = "'{person_id}' is deactivated and can't own an action item. Choose someone else."


class NoActionItems(ConflictingState):
    title = "No action items"
    says = "The postmortem has no open action item without a ticket. Add an action item first."
