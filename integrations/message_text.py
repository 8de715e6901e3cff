"""A message as a letter: one template, read as plain text and as HTML. All but the frame is others' words."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from integrations.notifier import Message

PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    '<body style="font-family:system-ui,sans-serif;font-size:15px;line-height:1.5;color:#1f2328;max-width:40em;'
    'overflow-wrap:anywhere">'
    "{body}</body></html>\n"
)
"""A letter in HTML: ``title`` and ``body`` are escaped by whoever fills them in."""


@dataclass(frozen=True, slots=True)
class Part:
    """``heading`` or a ``text`` with the ``link`` behind it; ``foot`` is small print."""

    text: str
    link: str | None = None
    heading: bool = False
    foot: bool = False
    item: bool = False


def template(message: Message) -> Iterator[Part]:
    """The letter, from top to bottom."""
    if message.intro:
        yield Part(message.intro)
    for group, entries in message.grouped():
        yield Part(group.words, heading=True)
        for one in entries:
            yield Part(one.text, one.link, item=True)
    if message.preview:
        yield Part(message.preview)
    yield Part(f"All times are in {message.zone}.", foot=True)
    if message.preferences_url:
        yield Part("Notification settings", message.preferences_url, foot=True)


def as_text(message: Message) -> str:
    """Lines end in ``\\n``; a link stands on the line below its words."""
    lines: list[str] = []
    for part in template(message):
        if part.heading:
            lines += ["", part.text.upper(), ""]
        elif part.item:
            lines += [f"- {part.text}", f"  {part.link}"]
        else:
            lines += ["", part.text, *([part.link] if part.link else [])]
    return "\n".join(lines).strip() + "\n"


def as_html(message: Message) -> str:
    """Whatever people wrote is escaped; links lead to our own pages alone."""
    body: list[str] = []
    is_list = False
    for part in template(message):
        if part.item != is_list:
            body.append("<ul>" if part.item else "</ul>")
            is_list = part.item
        body.append(_element(part))
    if is_list:
        body.append("</ul>")
    return PAGE.format(title=escape(message.subject), body="".join(body))


def _element(part: Part) -> str:
    words = escape(part.text).replace("\n", "<br>")
    if part.link:
        words = f'<a href="{escape(part.link)}">{words}</a>'
    if part.heading:
        return f'<h2 style="font-size:17px">{words}</h2>'
    if part.item:
        return f"<li>{words}</li>"
    return f'<p style="color:#59636e;font-size:13px">{words}</p>' if part.foot else f"<p>{words}</p>"
