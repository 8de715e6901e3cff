"""Every workflow that a worker serves."""

from workflows.action_item import ActionItemWorkflow
from workflows.chat import ChatWorkflow
from workflows.customer_email import CustomerEmailWorkflow
from workflows.export_job import ExportWorkflow
from workflows.import_job import ImportWorkflow
from workflows.meeting import MeetingWorkflow
from workflows.notifications import NotificationsWorkflow
from workflows.postmortem import PostmortemWorkflow
from workflows.publication import PublicationWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.sign_in_mail import SignInMailWorkflow
from workflows.ticket_batch import TicketBatchWorkflow

WORKFLOWS = [
    PostmortemWorkflow,
    ActionItemWorkflow,
    NotificationsWorkflow,
    ChatWorkflow,
    ReconciliationWorkflow,
    TicketBatchWorkflow,
    ExportWorkflow,
    ImportWorkflow,
    PublicationWorkflow,
    CustomerEmailWorkflow,
    MeetingWorkflow,
    SignInMailWorkflow,
]
