"""Afterword itself is away or busy: the same request succeeds later."""

from domain.errors.refusal import Throttled, Unanswered, Unavailable


class TooManyWaiting(Unavailable):
    title = "Too many webhooks are waiting"
    says = "Too many webhooks are waiting to be processed. Send this one again later."


class TooManyCommands(Throttled):
    title = "Too many of your commands are waiting"
    says = (
        "Of your commands, {limit} are still waiting for their answers. This one changed nothing. Send it again when"
        " some of them are done."
    )


class DatabaseBusy(Unavailable):
    title = "The database is busy"
    says = (
        "Every database connection is in use by other requests. Nothing was changed. Send the request again in a few"
        " seconds with the same Idempotency-Key."
    )


class RecordLocked(Unavailable):
    title = "Someone else is changing the same record"
    says = (
        "Another change of the same record is still being saved. Nothing was changed by this request. Send it again"
        " with the same Idempotency-Key."
    )


class TooMuchText(Unavailable):
    title = "Too much text is being processed"
    says = "Too much text is being processed right now. Nothing was changed. Try again in a moment."


class StoreUnavailable(Unavailable):
    title = "The database can't be reached"
    says = "The database can't be reached. Send the request again with the same Idempotency-Key."


class DatabaseNotMigrated(Unavailable):
    title = "The database isn't migrated"
    says = "The database lacks changes that this version needs. Ask an administrator to run `afterword migrate`."


class WorkflowsUnavailable(Unavailable):
    title = "Temporal can't be reached"
    says = "Temporal can't be reached. Send the request again with the same Idempotency-Key."


class WorkersUnavailable(Unavailable):
    title = "No worker is running"
    says = "No worker has reported lately. Send the request again with the same Idempotency-Key."


class Pending(Unanswered):
    title = "No answer in time"
    says = "The command was accepted but hasn't finished yet. Send the request again with the same Idempotency-Key."
