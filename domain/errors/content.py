"""Sections, templates, and custom fields."""

from domain.errors.refusal import ConflictingState, Invalid, Stale


class InvalidTemplate(Invalid):
    title = "The template isn't valid"
    says = "The template isn't valid. Fix the listed problems and save it again."


class InvalidCustomFields(Invalid):
    title = "Custom fields don't match the template"
    says = "The custom fields don't match the postmortem's template. Fix the listed problems and save again."


class SectionNotInTemplate(Invalid):
    title = "The template has no such section"
    says = "The postmortem's template has no text for '{section}'. Choose one of: {known}."


class SectionConflict(Stale):
    title = "Someone else edited the same lines"
    says = (
        "You edited revision {baseRevision} of the section '{section}', but it is now at revision {currentRevision},"
        " and someone else edited the same lines. Nothing was saved: combine 'yours' and 'current', and send the result"
        " with the current revision."
    )


class TextTooComplex(Invalid):
    title = "The text takes too long to process"
    says = "This text takes too long to process. Make it shorter, or enter it in parts."


class TemplateArchived(ConflictingState):
    title = "The template is archived"
    says = (
        "The template '{id}' is archived. Postmortems that use it keep it, but you can't change it or use it"
        " for new ones. Choose another template."
    )


class DefaultTemplateNeeded(ConflictingState):
    title = "A default template is required"
    says = "The template '{id}' is the default. {hint}"
