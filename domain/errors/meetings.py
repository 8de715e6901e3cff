"""Review meetings, calendars, and conferences."""

from domain.errors.refusal import ConflictingState


class MeetingExists(ConflictingState):
    title = "A meeting is already scheduled"
    says = (
        "A review meeting of this postmortem is already scheduled ({id}). Change that one, or send 'additional' to"
        " schedule another."
    )


class MeetingOver(ConflictingState):
    title = "The meeting is over"
    says = "This meeting is {status!w}, and can't be changed any more. Create another one."


class AttendeesCannotSee(ConflictingState):
    title = "Some of these people can't see the postmortem"
    says = (
        "These people can't see the postmortem: {names}. Remove them, or ask someone who manages its editors to add"
        " them as commenters ('addAsCommenter')."
    )


class NoCalendar(ConflictingState):
    title = "This connection isn't a calendar"
    says = "A connection of kind {kind} isn't a calendar. Choose a connection of one of these kinds: {known}."


class NoConference(ConflictingState):
    title = "This kind of video meeting isn't available"
    says = "A meeting by {kind} isn't available here: {why!e} Choose another kind, or enter a location."


class CalendarRefused(ConflictingState):
    title = "The calendar refused this"
    says = "{vendor} refused this: {detail!e}"


class EventGone(ConflictingState):
    title = "The event was deleted"
    says = "The event was deleted in the calendar. Make it again by saving the meeting, or cancel the meeting."


class ConferenceRefused(ConflictingState):
    title = "The video service refused this"
    says = "{vendor} refused this: {detail!e}"
