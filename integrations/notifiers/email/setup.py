"""How an administrator sets up e-mail."""

from integrations.connection import Copied, SetupStep

SETUP = (
    SetupStep(
        "Ask the administrator of your mail server for its name, its port, and its encryption, and for an"
        " account that may send from the address that you want.",
    ),
    SetupStep(
        "Enter them with the account's User name and Password, and leave both empty for a relay that"
        " needs none. Protect the sender's domain with SPF and DKIM.",
    ),
    SetupStep(
        "To learn of returned e-mail, have the return address's mailbox forward it to this URL, with a"
        " Webhook secret that you choose.",
        copies=Copied.WEBHOOK_URL,
    ),
)
