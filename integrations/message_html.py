"""A message as HTML for mail programs: light and dark, from 320 pixels on, and readable without its picture.

Mail programs read styles in the elements most reliably (https://www.caniemail.com), so css-inline puts them there. The
rules for dark mode stay in the head, where those that know dark mode look for them. Everything that a person wrote is
escaped, and links lead to our own pages alone.
"""

from functools import cache
from html import escape

from css_inline import CSSInliner

from integrations.notifier import Entry, Link, Message

MARK = "cid:mark"
"""The address of the mark, a picture that comes with the mail."""

STYLES = """
body { margin: 0; padding: 0; background-color: #f3f4f6; color: #1f2328; font-size: 15px; line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
.hidden { display: none; max-height: 0; overflow: hidden; opacity: 0; }
.frame { width: 100%; border-collapse: collapse; background-color: #f3f4f6; }
.frame__cell { padding: 16px 8px; }
.letter { max-width: 600px; margin: 0 auto; overflow-wrap: anywhere; }
.brand { margin: 0 0 12px; padding: 0 8px; font-size: 15px; font-weight: 600; color: #0f766e; }
.brand__mark { width: 20px; height: 20px; border: 0; border-radius: 5px; vertical-align: -4px; margin-right: 6px; }
.intro { margin: 0 0 12px; padding: 0 8px; }
.group { margin: 20px 0 8px; padding: 0 8px; font-size: 13px; line-height: 1.4; font-weight: 600; color: #57606a; }
.card { margin: 0 0 12px; padding: 16px; background-color: #ffffff; border: 1px solid #d0d7de; border-radius: 8px; }
.title { margin: 0 0 4px; font-size: 17px; line-height: 1.35; font-weight: 600; }
.title a { color: #1f2328; text-decoration: none; }
.said { margin: 0 0 8px; }
.quote { margin: 0 0 12px; padding: 2px 0 2px 12px; border-left: 3px solid #0f766e; color: #424a53; }
.points { margin: 0 0 12px; padding: 0 0 0 20px; }
.points li { margin: 0 0 4px; }
.points a { color: #0f766e; }
.facts { margin: 0 0 12px; border-collapse: collapse; }
.facts th { padding: 2px 12px 2px 0; text-align: left; vertical-align: top; font-weight: 400; color: #57606a;
  overflow-wrap: normal; }
.facts td { padding: 2px 0; vertical-align: top; }
.does { margin: 12px 0 8px; }
.button { display: inline-block; margin: 0 12px 6px 0; padding: 9px 16px; border-radius: 6px; font-weight: 600;
  text-decoration: none; background-color: #0f766e; color: #ffffff; }
.more { display: inline-block; margin: 0 12px 6px 0; padding: 9px 0; color: #0f766e; }
.why { margin: 0; font-size: 13px; color: #57606a; }
.foot { margin: 16px 0 0; padding: 0 8px; font-size: 13px; color: #57606a; }
.foot a { color: #57606a; }
.plain { margin: 0 0 12px; }
"""

DARK = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  body, .frame { background-color: #0d1117 !important; color: #e6edf3 !important; }
  .card { background-color: #161b22 !important; border-color: #30363d !important; }
  .title a { color: #e6edf3 !important; }
  .quote { color: #c9d1d9 !important; border-color: #2dd4bf !important; }
  .brand, .points a, .more { color: #5eead4 !important; }
  .button { color: #ffffff !important; }
  .group, .why, .foot, .foot a, .facts th { color: #9da7b3 !important; }
}
@media (max-width: 420px) {
  .card { padding: 14px 12px !important; }
  .button { display: block !important; margin-right: 0 !important; text-align: center !important; }
  .facts, .facts tbody, .facts tr, .facts th, .facts td { display: block !important; }
  .facts td { padding-bottom: 6px !important; }
}
"""
"""What stays in the head: it can't be in an element."""

_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
    "<title>{title}</title></head><body>{hidden}"
    '<table class="frame" role="presentation"><tr><td class="frame__cell"><div class="letter">'
    '<p class="brand">{mark}Afterword</p>{body}</div></td></tr></table></body></html>\n'
)


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(extra_css=STYLES, load_remote_stylesheets=False)


def page(title: str, body: str, *, hidden: str = "", mark: str | None = None) -> str:
    """The layout of every mail. ``title`` and ``hidden``, which mail programs show in lists, are plain text; ``body``
    is HTML whose texts are escaped. ``mark`` is the address of the picture, None where none comes with it."""
    image = f'<img class="brand__mark" src="{escape(mark)}" width="20" height="20" alt="">' if mark else ""
    shown = f'<div class="hidden">{escape(hidden)}</div>' if hidden else ""
    whole = _inliner().inline(_PAGE.format(title=escape(title), body=body, mark=image, hidden=shown))
    return whole.replace("</head>", f"<style>{DARK}</style></head>", 1)


def card(inner: str) -> str:
    return f'<div class="card">{inner}</div>'


def as_html(message: Message, mark: str | None = None) -> str:
    groups = message.grouped()
    body = [f'<p class="intro">{escape(message.intro)}</p>'] if message.intro else []
    for group, entries in groups:
        if len(groups) > 1 or len(entries) > 1:
            body.append(f'<h2 class="group">{escape(group.words)}</h2>')
        body += [card(_entry(one)) for one in entries]
    body.append(f'<p class="foot">{_foot(message)}</p>')
    return page(message.subject, "".join(body), hidden=_hidden(message), mark=mark)


def _hidden(message: Message) -> str:
    """What follows the subject in a list of mails."""
    first = message.entries[0] if message.entries else None
    return " ".join(one for one in (first.text, first.quote) if one) if first else message.intro


def _entry(entry: Entry) -> str:
    parts = [
        f'<h3 class="title">{_anchor(entry.title, entry.link)}</h3>',
        f'<p class="said">{escape(entry.text)}</p>',
    ]
    if entry.quote:
        parts.append(f'<blockquote class="quote">{escape(entry.quote)}</blockquote>')
    if entry.points:
        parts.append(f'<ul class="points">{"".join(_points(entry))}</ul>')
    if entry.facts:
        rows = (f'<tr><th scope="row">{escape(one.label)}</th><td>{escape(one.value)}</td></tr>' for one in entry.facts)
        parts.append(f'<table class="facts">{"".join(rows)}</table>')
    does = [_anchor(entry.action.label, entry.action.url, "button")] if entry.action else []
    does += [_anchor(one.label, one.url, "more") for one in entry.links]
    if does:
        parts.append(f'<p class="does">{" ".join(does)}</p>')
    if entry.why:
        parts.append(f'<p class="why">{escape(entry.why)}</p>')
    return "".join(parts)


def _points(entry: Entry) -> list[str]:
    pages = {entry.link, entry.action.url if entry.action else ""}
    return [
        f"<li>{_anchor(one.text, one.link) if one.link and one.link not in pages else escape(one.text)}"
        f"{f'<br>“{escape(one.quote)}”' if one.quote else ''}</li>"
        for one in entry.points
    ]


def _foot(message: Message) -> str:
    links = [Link("Notification settings", message.preferences_url)] if message.preferences_url else []
    links += [Link("Unsubscribe", message.unsubscribe_url)] if message.unsubscribe_url else []
    told = [_anchor(one.label, one.url) for one in links]
    return "<br>".join([f"All times are in {escape(message.zone)}.", *([" · ".join(told)] if told else [])])


def _anchor(words: str, url: str, style: str = "") -> str:
    named = f' class="{style}"' if style else ""
    return f'<a{named} href="{escape(url)}">{escape(words)}</a>'
