"""How ``slack_sdk`` makes its requests here: no redirection is followed, and an answer has a limit.

The library itself would follow a redirection to any host, with the bot token, and read an answer of any size.
"""

import json
from typing import Any
from urllib.request import Request

import httpx
from slack_sdk import WebClient
from slack_sdk.errors import SlackRequestError

from integrations.outbound.bounded import exchange
from integrations.outbound.client import tls_for
from integrations.slack.errors import NOT_SLACK


class SlackHttp(WebClient):
    """The library's client: it writes requests and reads answers, and does not retry."""

    def __init__(self, *, token: str, base_url: str, timeout: int) -> None:
        super().__init__(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        headers = {name: value for name, value in req.header_items() if name.lower() not in {"host", "content-length"}}
        answer = post(url, self.timeout, headers=headers, content=req.data)
        if answer.is_redirect:
            raise SlackRequestError(NOT_SLACK)
        try:
            is_slack = isinstance(json.loads(answer.content), dict)
        except (ValueError, RecursionError):
            is_slack = False
        # the library would show a page that it cannot read
        body = answer.text if is_slack else json.dumps({"ok": False, "error": f"status_{answer.status_code}"})
        return {"status": answer.status_code, "headers": answer.headers, "body": body}


def post(url: str, timeout: int, **request: Any) -> httpx.Response:
    with httpx.Client(timeout=timeout, verify=tls_for(url)) as client:
        return exchange(client, "POST", url, **request)


def get(url: str, timeout: int, token: str) -> httpx.Response:
    """A file. Raises as ``integrations.outbound.bounded.exchange`` does, for one that is too large as well."""
    with httpx.Client(timeout=timeout, verify=tls_for(url)) as client:
        return exchange(client, "GET", url, headers={"Authorization": f"Bearer {token}"})
