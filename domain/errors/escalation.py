"""Policies and timing targets."""

from domain.errors.refusal import ConflictingState, Invalid


class InvalidPolicy(Invalid):
    title = "The policy isn't valid"
    says = "The policy isn't valid. Fix the listed problems and save it again."


class TargetSettled(ConflictingState):
    title = "The target is settled"
    says = "You can't waive or extend the target '{target!w}': it is already {state!w}."


class PolicyArchived(ConflictingState):
    title = "The policy is archived"
    says = (
        "The policy '{id}' is archived. Postmortems that use it keep it, but you can't change it or apply"
        " it. Choose another policy."
    )


class DefaultPolicyNeeded(ConflictingState):
    title = "A default policy is required"
    says = "The policy '{id}' is the default for everything that no other policy covers. {hint}"
