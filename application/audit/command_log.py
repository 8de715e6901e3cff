"""The command log makes every command safe to repeat: it is written in the transaction that carries the command out."""

from domain.action_items.commands import ActionItemCommand
from domain.errors import IdempotencyKeyReused
from domain.postmortems.commands import PostmortemCommand
from models.audit import CommandLog
from models.queries.audit import command_log
from models.session import Session


async def is_committed(session: Session, entity_id: str, request_id: str, fingerprint: str) -> bool:
    """Whether this request was carried out before.

    Raises :class:`IdempotencyKeyReused` if that request asked for something else.
    """
    logged = await command_log.find_command(session, entity_id, request_id)
    if logged is not None and logged.fingerprint != fingerprint:
        raise IdempotencyKeyReused()
    return logged is not None


def log_command(session: Session, entity_id: str, command: PostmortemCommand | ActionItemCommand) -> None:
    """Records that the command is carried out in this transaction."""
    session.add(
        CommandLog(
            entity_id=entity_id,
            request_id=command.request_id,
            name=command.action.value,
            actor_id=command.actor_id,
            fingerprint=command.fingerprint,
        )
    )
