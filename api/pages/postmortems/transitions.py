"""The status changes that a postmortem's page offers to its reader."""

from collections.abc import Sequence
from dataclasses import dataclass

from api import commands
from api.pages.postmortems.reasons import ReasonNames
from api.pages.routing import Visit
from application.review.commands import check as check_command
from application.review.commands import read_facts
from application.review.context import PostmortemCommandContext
from domain import access
from domain.errors import DomainError, IllegalTransition, NotAllowed
from domain.postmortems import lifecycle
from domain.postmortems.commands import PostmortemAction
from domain.postmortems.lifecycle import Status, Transition
from models.queries.postmortems.postmortems import VisiblePostmortem


@dataclass(frozen=True, slots=True)
class PossibleTransition:
    """``reasons`` are sentences about what still has to happen before it."""

    move: str
    reasons: Sequence[str]


async def list_transitions(
    visit: Visit, visible: VisiblePostmortem, names: ReasonNames
) -> dict[str, PossibleTransition]:
    """Those that the reader may make from the current status, by name; the rules are the commands' own."""
    found = {}
    for move in Transition:
        try:
            access.check_transition(move, Status(visible.postmortem.status), visible.relations)
            lifecycle.next_status(Status(visible.postmortem.status), move)
        except (NotAllowed, IllegalTransition):
            continue
        found[move.value] = PossibleTransition(move.value, await _unmet(visit, visible, move, names))
    return found


async def _unmet(visit: Visit, visible: VisiblePostmortem, move: Transition, names: ReasonNames) -> list[str]:
    context = visit.context
    arguments = {"comment": "said in the form"}
    command = commands.postmortem_command(context, visible.postmortem.id, PostmortemAction(move.value), arguments)
    try:
        facts = await read_facts(context.session, context.viewer, command, is_read=False)
        check_command(PostmortemCommandContext(context.session, context.viewer, facts, command, arguments, context.now))
    except DomainError as refusal:
        return names.explain(refusal)
    return []
