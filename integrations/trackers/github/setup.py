"""How an administrator sets up Github."""

from integrations.connection import Copied, SetupStep

SETUP = (
    SetupStep(
        "Sign in to GitHub with the account that creates tickets, such as a bot with the role Triage or"
        " above in the repository.",
    ),
    SetupStep(
        "Create a fine-grained personal access token for the repository, with Issues set to read and"
        " write, Webhooks set to read and write, and Metadata set to read-only. Enter it as Token.",
        link="https://github.com/settings/personal-access-tokens/new",
    ),
    SetupStep(
        "Enter the repository as owner/name, choose a long random text as Webhook secret, and save the connection.",
    ),
    SetupStep(
        "Afterword registers its webhook by itself if the token may do that. Otherwise, open Settings,"
        " Webhooks in the repository, add a webhook with this URL, content type application/json, and the"
        " same secret, and select the events Issues, Issue comments, and Pull requests.",
        copies=Copied.WEBHOOK_URL,
    ),
)
