"""How an administrator sets up Asana."""

from integrations.connection import Copied, SetupStep

SETUP = (
    SetupStep(
        "In Asana's developer console, create a personal access token of an account that can edit the"
        " project, or of a service account. Enter it as Token.",
        link="https://app.asana.com/0/my-apps",
    ),
    SetupStep(
        "Open the project in the browser. The number after /1/ in its address is the workspace, and the"
        " one after /project/ is the project. Enter both, and save the connection.",
    ),
    SetupStep(
        "Asana sets the Webhook secret by itself when Afterword registers its webhook. Asana must be able"
        " to reach this URL over the internet.",
        copies=Copied.WEBHOOK_URL,
    ),
)
