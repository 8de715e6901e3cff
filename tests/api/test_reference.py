"""The API reference: from our own files, under the rules of every page."""

import re

import httpx

from tests.stack import Stack


def test_it_loads_nothing_from_another_host(stack: Stack) -> None:
    page = httpx.get(f"{stack.url}/docs")
    assert page.status_code == 200
    loaded = re.findall(r'<(?:script|link)\b[^>]*\b(?:src|href)="([^"]+)"', page.text)
    assert any(one.endswith("swagger-ui-bundle.js") for one in loaded)
    for one in loaded:
        assert one.startswith("/"), one
        answer = httpx.get(f"{stack.url}{one}")
        assert answer.status_code == 200, one
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=", page.text), "nothing is written into the page"


def test_it_has_the_rules_of_every_page_and_may_show_its_own_pictures(stack: Stack) -> None:
    reference = httpx.get(f"{stack.url}/docs").headers
    other = httpx.get(f"{stack.url}/sign-in").headers
    policy = other["content-security-policy"]
    assert "img-src 'self';" in policy
    assert reference["content-security-policy"] == policy.replace("img-src 'self'", "img-src 'self' data:")
    for name in ("x-content-type-options", "referrer-policy", "cross-origin-opener-policy", "x-frame-options"):
        assert reference[name] == other[name]
    assert httpx.get(f"{stack.url}/redoc").status_code == 404
