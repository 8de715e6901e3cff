"""``python -m tests.messages.pictures``: every mail in Chromium, narrow and wide, light and dark.

The contact sheet is in ``.cache/mails``."""

import base64
import shutil
import sys
from collections.abc import Sequence
from html import escape

from playwright.sync_api import Browser, Page

from integrations.message_html import MARK, as_html
from integrations.notifier import Message
from integrations.notifiers.email.letters import mark
from tests.cli.running import ROOT
from tests.messages.examples import Example, all_examples
from tests.peers.browser import chromium

FOLDER = ROOT / ".cache" / "mails"
WIDTHS = (320, 600)
SCHEMES = ("light", "dark")
OVERFLOW = """() => [...document.querySelectorAll('.letter *')].filter((one) => {
  const box = one.getBoundingClientRect(); return box.width && (box.left < -0.5 || box.right > innerWidth + 0.5);
}).map((one) => one.outerHTML.slice(0, 100))"""


def shown(message: Message, *, images: bool = True) -> str:
    """The HTML with the picture in it, as a mail program puts it there; or with none."""
    picture = f"data:image/png;base64,{base64.b64encode(mark()).decode()}" if images else ""
    return as_html(message, MARK).replace(MARK, picture)


def open_mail(browser: Browser, message: Message, width: int, scheme: str, *, images: bool = True) -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": 500}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page.set_content(shown(message, images=images))
    return page


def contact_sheet(examples: Sequence[Example]) -> str:
    rows = []
    for one in examples:
        pictures = "".join(
            f'<img loading="lazy" src="{one.name}-{width}-{scheme}.png" alt="{width} {scheme}">'
            for scheme in SCHEMES
            for width in WIDTHS
        )
        rows.append(f"<h2>{escape(one.name)}, {escape(one.whom)}: {escape(one.message.subject)}</h2><p>{pictures}</p>")
    style = "body{font:14px sans-serif;background:#777;color:#fff}img{vertical-align:top;margin-right:8px}"
    return f"<!doctype html><meta charset=utf-8><title>Mails</title><style>{style}</style>{''.join(rows)}"


def main(words: Sequence[str]) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    examples = [one for one in all_examples() if not words or any(word in one.name for word in words)]
    with chromium() as browser:
        for one in examples:
            for width in WIDTHS:
                for scheme in SCHEMES:
                    page = open_mail(browser, one.message, width, scheme)
                    page.screenshot(path=FOLDER / f"{one.name}-{width}-{scheme}.png", full_page=True)
                    page.close()
        (FOLDER / "index.html").write_text(contact_sheet(examples))
    sys.stdout.write(f"{len(examples)} mails in {FOLDER / 'index.html'}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
