"""The lifecycle of a postmortem and its reviewers."""

from domain.errors.refusal import ConflictingState, Invalid


class IllegalTransition(ConflictingState):
    title = "Not possible in this status"
    says = "You can't {move} while it is {status!w}. {hint}"


class NotReadyToSubmit(ConflictingState):
    title = "Not ready for review"
    says = "The postmortem isn't ready for review. Complete the listed items and submit it again."


class NotReadyToPublish(ConflictingState):
    title = "Not ready to publish"
    says = "You can't publish the postmortem yet. Complete the listed items and publish it again."


class AuthorCannotReview(ConflictingState):
    title = "The author can't review"
    says = "The author of a postmortem can't review it. Choose someone else."


class CommentRequired(Invalid):
    title = "A comment is required"
    says = "Describe in 'comment' what should change."


class AlreadyReviewer(ConflictingState):
    title = "Already a reviewer"
    says = "'{person_id}' is already a reviewer. Choose someone else."


class NoReviewDue(ConflictingState):
    title = "No review is due"
    says = "The review of '{person_id}' is {state!w}. Choose a reviewer whose review is still due."


class RemindedRecently(ConflictingState):
    title = "Reminded less than a day ago"
    says = "'{person_id}' was reminded less than a day ago. Try again after {at}."


class LastReview(ConflictingState):
    title = "The last review"
    says = (
        "Someone must review a postmortem before it is published. Ask someone else to review it, or an administrator."
    )


class NobodyToAdd(ConflictingState):
    title = "No one to add"
    says = (
        "The team has no one to add: each active member is the author or already on the list. Choose another"
        " team or a person."
    )
