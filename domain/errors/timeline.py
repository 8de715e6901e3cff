"""Timelines that people paste."""

from domain.errors.refusal import Invalid


class TimelineNotRead(Invalid):
    title = "Some lines couldn't be read"
    says = "Some lines couldn't be read ({count}). Fix the listed problems, or send skipProblems: true to skip them."
