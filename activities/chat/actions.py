"""Carries out what a button asks, and says so in its message."""

from activities.chat.requests import ChatRequest, Reply
from application.chat import actions
from application.chat.actions import ButtonAction
from application.chat.people import ChatPerson
from integrations.notifier import Act
from integrations.slack.actions import Origin
from integrations.slack.blocks import settled

DONE = {
    Act.APPROVE: ":white_check_mark: Approved by",
    Act.REQUEST_CHANGES: ":leftwards_arrow_with_hook: Changes requested by",
    Act.START: ":arrow_forward: Started by",
    Act.MARK_DONE: ":white_check_mark: Marked done by",
    Act.SNOOZE: ":zzz: Snoozed until",
    Act.WONT_DO: ":no_entry_sign: Marked as won't do by",
}


async def carry_out(
    request: ChatRequest, person: ChatPerson, action: ButtonAction, origin: Origin, block_id: str
) -> Reply:
    """Raises the refusal, or an error that asks for another attempt."""
    await actions.carry_out(request.sessions, request.commands, person, action, request.id, request.now)
    text = _outcome(person, action)
    if not origin.blocks:
        return Reply("done", text)
    return Reply("done", text, settled(origin.blocks, block_id, text), replace=True)


def _outcome(person: ChatPerson, action: ButtonAction) -> str:
    """What happened, by whom. A reason is read in Afterword: others may read the message."""
    until = f" {action.until.isoformat()} by" if action.until else ""
    return f"{DONE[action.act]}{until} <@{person.account}>"
