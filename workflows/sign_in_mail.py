"""The workflow of a sign-in link by e-mail: one activity, which finds the person, makes the link, and sends it.

Started from its row, by the id ``sign-in-mail-<id>``. It has no messages, and knows neither the address nor the link:
both stay out of its history.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.sign_in_mails import SignInMailActivities
    from workflows.queues import NOTIFY_QUEUE
    from workflows.retries import SIGN_IN


@dataclass(frozen=True, slots=True)
class SignInMailStart:
    mail_id: str


@workflow.defn
class SignInMailWorkflow:
    @workflow.run
    async def run(self, start: SignInMailStart) -> None:
        await workflow.execute_activity_method(
            SignInMailActivities.send_sign_in_link,
            start.mail_id,
            task_queue=NOTIFY_QUEUE,
            summary="send the link, if someone has that address",
            **SIGN_IN,
        )
