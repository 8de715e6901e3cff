"""Comments and the words they are anchored to."""

from domain.errors.refusal import ConflictingState, Invalid


class WordsNotFound(Invalid):
    title = "The text isn't in the section"
    says = (
        "The section doesn't contain the text you commented on: '{quote}'. Reload the section and select the"
        " text again."
    )


class AnchorTooLong(Invalid):
    title = "Too much text selected"
    says = "A comment can refer to at most {limit} characters. Select less, or comment on the whole section."


class NotAThread(ConflictingState):
    title = "A reply can't be resolved"
    says = "'{comment_id}' is a reply. Resolve or reopen its thread '{thread_id}' instead."


class ThreadAnswered(ConflictingState):
    title = "Others have replied"
    says = "You can't delete this thread because others have replied. Resolve it, or ask {who} to delete it."
