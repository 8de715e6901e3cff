"""Requests as such: how they are written, repeated, and routed."""

from domain.errors.refusal import ConflictingState, Invalid, Missing, Stale, TooLarge, TooSlow, WrongMethod


class RouteNotFound(Missing):
    title = "Not found"
    says = "There is nothing at {path}. See the API's description at /openapi.json."


class MethodNotAllowed(WrongMethod):
    title = "Method not allowed"
    says = "You can't use {method} at {path}. See the API's description at /openapi.json."


class Malformed(Invalid):
    title = "The request is malformed"
    says = "The request is malformed. Fix the listed problems and send it again."


class BadCursor(Invalid):
    title = "Unknown cursor"
    says = "The cursor '{cursor}' doesn't belong to this list. Start again without a cursor."


class UnknownReference(Invalid):
    title = "Unknown reference"
    says = "'{field}' refers to the {kind} '{id}', which doesn't exist. Check the id."


class UnreadableValue(Invalid):
    title = "A value can't be stored"
    says = (
        "The request holds a value that can't be stored, such as a number or a date that is out of range."
        " Correct it and send the request again."
    )


class BodyTooLarge(TooLarge):
    title = "The request is too large"
    says = "The request can't be larger than {limit} bytes. Send less at once."


class BodyTooSlow(TooSlow):
    title = "The request took too long"
    says = "The body of the request didn't arrive within {seconds} seconds. Send it again."


class NotFound(Missing):
    title = "Not found"
    says = "There is no {kind} '{id}', or you don't have access to it. Check the id."


class AlreadyExists(ConflictingState):
    title = "Already exists"
    says = "There is already a {kind} with the {field} '{value}'. Choose a different one."


class Conflict(ConflictingState):
    title = "Someone else made a change first"
    says = "Someone else made a change first. Fetch the current state and send the request again."


class StaleVersion(Stale):
    title = "Someone else saved first"
    says = (
        "You sent If-Match '{expected}', but the current version is {current}. Fetch it, merge your changes,"
        " and send them again."
    )


class IdempotencyKeyReused(Invalid):
    title = "The Idempotency-Key belongs to another request"
    says = "You have already sent this Idempotency-Key with a different request. Use a new key."


class IdempotencyKeyInUse(ConflictingState):
    title = "The first request is still running"
    says = "A request with this Idempotency-Key is still running. Try again in a moment."
