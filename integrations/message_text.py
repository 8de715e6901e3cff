"""A message as plain text, for mail programs and channels that show nothing else. Most of it is others' words."""

from collections.abc import Iterator

from integrations.notifier import Entry, Message


def as_text(message: Message) -> str:
    """Lines end in ``\\n``; a link stands behind what it does."""
    lines: list[str] = [message.intro, ""] if message.intro else []
    groups = message.grouped()
    for group, entries in groups:
        if len(groups) > 1 or len(entries) > 1:
            lines += [group.words.upper(), ""]
        for one in entries:
            lines += [*_entry_lines(one), ""]
    lines += ["--", f"All times are in {message.zone}."]
    if message.preferences_url:
        lines.append(f"Notification settings: {message.preferences_url}")
    if message.unsubscribe_url:
        lines.append(f"Unsubscribe: {message.unsubscribe_url}")
    return "\n".join(lines).strip() + "\n"


def _entry_lines(entry: Entry) -> Iterator[str]:
    yield entry.title
    yield entry.text
    if entry.quote:
        yield f"> {entry.quote}"
    for point in entry.points:
        yield f"- {point.text}"
        if point.quote:
            yield f"  > {point.quote}"
        if point.link and point.link not in {entry.link, entry.action.url if entry.action else ""}:
            yield f"  {point.link}"
    for fact in entry.facts:
        yield f"{fact.label}: {fact.value}"
    if entry.why:
        yield entry.why
    yield f"{entry.action.label}: {entry.action.url}" if entry.action else entry.link
    for link in entry.links:
        yield f"{link.label}: {link.url}"
