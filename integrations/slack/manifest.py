"""The manifest from which an administrator makes our Slack app: https://docs.slack.dev/reference/app-manifest"""

from typing import Any
from urllib.parse import urlsplit

from integrations.slack.blocks import ADD_TO_TIMELINE
from integrations.slack.settings import SCOPES, WITH_FILES


def manifest(webhook_url: str, base_url: str) -> dict[str, Any]:
    """For one connection: commands, interactions and events all come to its own address."""
    return {
        "display_information": {
            "name": "Afterword",
            "description": "Post-incident reviews that get done",
            "background_color": "#1f2937",
        },
        "features": {
            "bot_user": {"display_name": "Afterword", "always_online": True},
            "shortcuts": [
                {
                    "name": "Add to timeline",
                    "type": "message",
                    "callback_id": ADD_TO_TIMELINE,
                    "description": "Add this message to a postmortem's timeline",
                }
            ],
            "slash_commands": [
                {
                    "command": "/afterword",
                    "url": webhook_url,
                    "description": "Postmortems and action items",
                    "usage_hint": "mine | overdue | create … | status … | meet … | bind … | help",
                    "should_escape": False,
                }
            ],
            "unfurl_domains": [urlsplit(base_url).hostname or ""],
        },
        "oauth_config": {"scopes": {"bot": [*SCOPES, WITH_FILES]}},
        "settings": {
            "event_subscriptions": {"request_url": webhook_url, "bot_events": ["link_shared", "reaction_added"]},
            "interactivity": {"is_enabled": True, "request_url": webhook_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }
