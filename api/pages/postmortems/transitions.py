"""The status changes that a postmortem's page offers to its reader."""

from collections.abc import Sequence
from dataclasses import dataclass

from api import commands
from api.pages.postmortems.reasons import ReasonNames
from api.pages.routing import Visit
from application.review.commands import check as check_command
from application.review.context import PostmortemCommandContext
from domain import access
from domain.errors import DomainError, IllegalTransition, NotAllowed
from domain.postmortems import lifecycle
from domain.postmortems.commands import PostmortemAction
from domain.postmortems.lifecycle import Status, Transition
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.review.facts import ReviewFacts


@dataclass(frozen=True, slots=True)
class PossibleTransition:
    """``reasons`` are sentences about what still has to happen before it."""

    move: str
    reasons: Sequence[str]


def possible_moves(visible: VisiblePostmortem) -> list[Transition]:
    """Those that the reader may make from the current status; the rules are the commands' own."""
    found = []
    for move in Transition:
        try:
            access.check_transition(move, Status(visible.postmortem.status), visible.relations)
            lifecycle.next_status(Status(visible.postmortem.status), move)
        except (NotAllowed, IllegalTransition):
            continue
        found.append(move)
    return found


def list_transitions(
    visit: Visit, moves: Sequence[Transition], facts: ReviewFacts, names: ReasonNames
) -> dict[str, PossibleTransition]:
    """By name, with what still has to happen before each."""
    return {one.value: PossibleTransition(one.value, _unmet(visit, facts, one, names)) for one in moves}


def _unmet(visit: Visit, facts: ReviewFacts, move: Transition, names: ReasonNames) -> list[str]:
    context, postmortem_id = visit.context, facts.visible.postmortem.id
    arguments = {"comment": "said in the form"}
    command = commands.postmortem_command(context, postmortem_id, PostmortemAction(move.value), arguments)
    try:
        check_command(PostmortemCommandContext(context.session, context.viewer, facts, command, arguments, context.now))
    except DomainError as refusal:
        return names.explain(refusal)
    return []
