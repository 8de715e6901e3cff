"""How an administrator sets up Gitlab."""

from integrations.connection import Copied, SetupStep

SETUP = (
    SetupStep(
        "Open Settings, Access tokens in the project, and create a token with the role Maintainer and the"
        " scope api. With the role Reporter, Afterword can't register its webhook. Enter it as Token.",
    ),
    SetupStep(
        "Enter the project as group/project and, for a server of your own, its address. Choose a long"
        " random text as Webhook secret, and save the connection.",
    ),
    SetupStep(
        "Afterword registers its webhook by itself if the token may do that. Otherwise, open Settings,"
        " Webhooks in the project, add this URL with the same secret token, and select Issues events and"
        " Merge request events.",
        copies=Copied.WEBHOOK_URL,
    ),
)
