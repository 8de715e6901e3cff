"""A chat request while Slack is down: retried as long as an answer is useful, then given up with a message."""

from models.queries.chat.deliveries import find_delivery
from tests.workflows.chatting import ask, chat_worker, give_up, request_from_slack
from tests.workflows.lab import Lab


async def result_of(lab: Lab, delivery: int) -> str | None:
    async with lab.sessions.begin() as session:
        row = await find_delivery(session, delivery)
        return row.result if row else None


async def test_slack_stays_away(lab: Lab) -> None:
    delivery = await request_from_slack(lab)
    async with chat_worker(lab):
        handle = await ask(lab, delivery)
        told = await give_up(lab, handle)
    assert told == "given up: SlackUnavailable"
    assert await result_of(lab, delivery) == told


async def test_what_was_answered_is_not_answered_again(lab: Lab) -> None:
    delivery = await request_from_slack(lab, is_settled=True)
    async with chat_worker(lab):
        assert await (await ask(lab, delivery)).result() == "answered before"
    assert await result_of(lab, delivery) == "done"
