"""Attachments, exports, and imports."""

from domain.errors.refusal import ConflictingState, Invalid, TooLarge, Unavailable


class FileTooLarge(TooLarge):
    title = "The file is too large"
    says = "A file can't be larger than {limit} bytes. Make it smaller, or link to it instead."


class FileEmpty(Invalid):
    title = "The file is empty"
    says = "The file is empty. Choose another one."


class FileMissing(Invalid):
    title = "There is no file in the request"
    says = (
        "The request holds no file. Send one as the field 'file' of a form (multipart/form-data), or as the body of the"
        " request, with its Content-Type and the parameter 'filename'."
    )


class ImageUnreadable(Invalid):
    title = "The image can't be read"
    says = "The image can't be read: {problem}. Choose another image, or save this one again in another program."


class TooManyAttachments(ConflictingState):
    title = "The attachments take too much space"
    says = (
        "The attachments of this postmortem can't take more than {limit} bytes together, and with this file they would"
        " take {size}. Remove some that are no longer needed, or link to the file instead."
    )


class AttachmentInUse(ConflictingState):
    title = "The attachment is in use"
    says = (
        "The text refers to this attachment in {count} places. Remove it there first, or delete it anyway with"
        " force=true."
    )


class StorageUnavailable(Unavailable):
    title = "Files can't be reached right now"
    says = "The place where files are kept can't be reached right now. Nothing was changed. Try again in a moment."


class ArchiveUnreadable(Invalid):
    title = "The file can't be imported"
    says = (
        "The file can't be imported: {problem}. Send a zip of Markdown files, or Markdown files themselves, up to 500"
        " MB together."
    )


class NotFinished(ConflictingState):
    title = "It isn't finished yet"
    says = "This job is still {state!w}. Try again when it is done."


class NothingToRun(ConflictingState):
    title = "There is nothing left to run"
    says = "This import already ran for real, or its file was deleted after 7 days. Start a new import."


class NothingToUndo(ConflictingState):
    title = "There is nothing to undo"
    says = "This import was a dry run, or was undone already. Start a new import, or check the report."


class TooLargeForOneAnswer(Invalid):
    title = "The postmortem is too large to export at once"
    says = (
        "Exporting this postmortem as {format} takes more than {seconds} seconds or {megabytes} MB. Send POST"
        " /api/exports to export it in the background, or choose a simpler format, such as md or json."
    )


class NotExportable(Invalid):
    title = "The postmortem can't be exported in this format"
    says = "This postmortem can't be written as {format}. Choose another format, such as html, md, or json."


class ArchiveExpired(ConflictingState):
    title = "The archive is no longer available"
    says = "This archive was deleted after 7 days, or holds something that you can't see anymore. Start a new export."


class PublisherRefused(ConflictingState):
    title = "The publication was refused"
    says = "{vendor} refused the request: {detail}"


class PublicationChanged(ConflictingState):
    title = "The publication was changed there"
    says = (
        "Someone changed the publication in {vendor} since Afterword last wrote it. Check what changed there, then"
        " publish again with overwrite=true to replace it."
    )


class PublicationGone(ConflictingState):
    title = "The publication no longer exists"
    says = "The publication no longer exists in {vendor}: {detail!e} Create another one by publishing again."


class NotPublishable(ConflictingState):
    title = "Can't be published there yet"
    says = "This postmortem can't be published there yet. Fix the listed problems and try again."


class NoPublisher(Invalid):
    title = "Can't publish documents"
    says = "A connection of kind '{kind}' can't publish documents. Choose one of: {known}."


class PublicationPaused(ConflictingState):
    title = "The connection is paused"
    says = "The connection {name} is paused. Ask an administrator to resume it, and try again."
