"""Saved views."""

from domain.errors.refusal import Invalid


class ViewNeedsTeam(Invalid):
    title = "Which team is missing"
    says = "A view that is shared with a team needs the team. Choose one, or share the view with everyone."
