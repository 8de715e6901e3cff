"""The workflow of one request from a chat: it answers when Slack and the database are there, or reports the failure.

No messages. Its id is ``chat-<delivery>``; the row in ``webhook_delivery`` is its outbox, and holds the text.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.chat.answering import ChatActivities, GiveUp
    from workflows.queues import CHAT_QUEUE
    from workflows.retries import CHAT


@workflow.defn
class ChatWorkflow:
    @workflow.run
    async def run(self, delivery: int) -> str:
        try:
            return await workflow.execute_activity_method(
                ChatActivities.answer_chat, delivery, task_queue=CHAT_QUEUE, summary="answer", **CHAT
            )
        except ActivityError as error:
            why = getattr(error.cause, "type", None) or "it failed"
            await workflow.execute_activity_method(
                ChatActivities.give_up_chat,
                GiveUp(delivery, str(why)),
                task_queue=CHAT_QUEUE,
                summary="report the failure",
                **CHAT,
            )
            return f"given up: {why}"
