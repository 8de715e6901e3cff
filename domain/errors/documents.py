"""Exports."""

from domain.errors.refusal import Invalid


class TooLargeForOneAnswer(Invalid):
    title = "The postmortem is too large to export at once"
    says = (
        "Exporting this postmortem as {format} takes more than {seconds} seconds or {megabytes} MB. Send POST"
        " /api/exports to export it in the background, or choose a simpler format, such as md or json."
    )


class NotExportable(Invalid):
    title = "The postmortem can't be exported in this format"
    says = "This postmortem can't be written as {format}. Choose another format, such as html, md, or json."
