"""How an administrator sets up Linear."""

from integrations.connection import Copied, SetupStep

SETUP = (
    SetupStep(
        "Sign in to Linear as an administrator who is a member of the team. Open Settings, Security &"
        " access, and create a personal API key that can read and write. Enter it as API key.",
        link="https://linear.app/settings/account/security",
    ),
    SetupStep(
        "Enter the key of the team, such as ENG, and save the connection.",
    ),
    SetupStep(
        "Afterword registers its webhook by itself if the key may do that. Otherwise, open Settings, API"
        " in Linear, add a webhook for issues and comments with this URL, and enter its signing secret as"
        " Webhook secret.",
        link="https://linear.app/settings/api",
        copies=Copied.WEBHOOK_URL,
    ),
)
