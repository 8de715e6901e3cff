"""How an administrator sets up Jira."""

from integrations.connection import Copied, SetupStep

SETUP = (
    SetupStep(
        "Choose the account that creates tickets. It can browse the project, and create, edit,"
        " transition, assign, and schedule issues, and add comments.",
    ),
    SetupStep(
        "Signed in with that account, create an API token. Enter it as API token, with the account's e-mail.",
        link="https://id.atlassian.com/manage-profile/security/api-tokens",
    ),
    SetupStep(
        "Enter the site and the key of the project, choose a long random text as Webhook secret, and save"
        " the connection.",
    ),
    SetupStep(
        "Afterword registers its webhook by itself if the account administers Jira. Otherwise, an"
        " administrator opens Settings, System, WebHooks, and adds this URL with the same secret for"
        " issues that are created, updated, and deleted.",
        copies=Copied.WEBHOOK_URL,
    ),
)
