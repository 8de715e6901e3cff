"""Channels that refuse a message."""

from domain.errors.refusal import ConflictingState


class AddressGone(ConflictingState):
    title = "The address doesn't exist"
    says = "{channel} can't deliver to {address}: {detail!e} Correct the address."


class ChannelArchived(ConflictingState):
    title = "The channel is closed"
    says = "{channel} can't post to {address}: {detail!e} Choose another channel."


class NotifierRefused(ConflictingState):
    title = "The channel refused the message"
    says = "{channel} refused the message: {detail}"
