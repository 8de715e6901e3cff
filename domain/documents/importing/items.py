"""Action items in the text of a section: in tables, lists, and lists of tasks."""

import re
from collections.abc import Sequence

from domain.action_items.action_item import ActionItemStatus
from domain.documents.importing.document import ReadItem
from domain.timeline.dates import find_whole_date
from domain.timeline.tables import is_markdown_row, markdown_table

DESCRIPTION_LIMIT = 500
_COLUMNS = {
    "description": re.compile(
        r"\b(?:actions?|action items?|items?|tasks?|descriptions?|what|todo|follow.?ups?)\b", re.I
    ),
    "owner": re.compile(r"\b(?:owners?|assignees?|assigned(?: to)?|who|dri|responsible|lead)\b", re.I),
    "due": re.compile(r"\b(?:due(?: date)?|deadline|when|target(?: date)?|eta|by)\b", re.I),
    "status": re.compile(r"\b(?:status|state|done|completed?)\b", re.I),
}
_BULLET = re.compile(r"^(?P<indent>[ \t]{0,3})(?:[-*+\u2022]|\d{1,3}[.)])[ \t]+(?P<box>\[[ xX]\][ \t]+)?(?P<text>.*)$")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_DONE = re.compile(
    r"\b(?:done|completed?|closed|resolved|shipped|merged|yes)\b|\u2705|\u2714|\u2611|:white_check_mark:", re.I
)
_NOT_DONE = re.compile(r"\bnot (?:done|completed?|closed)\b|\bincomplete\b", re.I)
_BEGUN = re.compile(r"\b(?:in progress|started|ongoing|wip|doing)\b", re.I)
_SAID_DONE = re.compile(r"\((?:done|completed?|fixed|shipped|deployed)\b[^()]*\)\W*$|^(?:\u2705|\u2714|\u2611)", re.I)
"""How a list without boxes says that an item is done: at its end, in parentheses, or by a mark before it."""
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"(\*\*|__|`|~~)")


def read_items(lines: Sequence[tuple[int, str]]) -> tuple[list[ReadItem], list[tuple[int, str]]]:
    """The items of numbered lines, and the lines that are part of none."""
    items: list[ReadItem] = []
    rest: list[tuple[int, str]] = []
    plain = [text for _, text in lines]
    group: str | None = None
    place = 0
    while place < len(lines):
        number, text = lines[place]
        if is_markdown_row(plain, place):
            rows, has_header, after = markdown_table(plain, place)
            cells = [(lines[row.line - 1][0], row.cells) for row in rows]
            found, unread = _table(cells, has_header, group)
            items += found
            rest += [(at, " | ".join(words)) for at, words in unread]
            place = after
        elif heading := _HEADING.match(text):
            group = heading[1]
            place += 1
        elif bullet := _BULLET.match(text):
            below = place + 1
            while below < len(lines) and _belongs(plain, below):
                below += 1
            if bullet["text"].strip():
                details = [one for _, one in lines[place + 1 : below]]
                items.append(_item(number, bullet["text"], bullet["box"] or "", details, group))
            place = below
        else:
            if text.strip():
                rest.append((number, text))
            place += 1
    return items, rest


def _belongs(lines: Sequence[str], place: int) -> bool:
    """Whether a line below a bullet continues it: an indented one, or one right below without a mark of its own."""
    text = lines[place]
    if not text.strip():
        return (
            place + 1 < len(lines)
            and lines[place + 1].startswith(("    ", "\t", "  "))
            and bool(lines[place + 1].strip())
        )
    if text.startswith(("  ", "\t")):
        return True
    return not (_BULLET.match(text) or _HEADING.match(text) or not lines[place - 1].strip() or text.startswith("|"))


def _item(line: int, text: str, box: str, details: Sequence[str], group: str | None) -> ReadItem:
    description, more = _described(text)
    body = "\n".join(one.strip("\n") for one in details).strip("\n")
    parts = [group, more, _outdented(body)]
    is_done = "x" in box.lower() or (not box and _SAID_DONE.search(_MARKS.sub("", text)) is not None)
    status = ActionItemStatus.COMPLETED if is_done else ActionItemStatus.OPEN
    return ReadItem(line, description, "\n\n".join(one for one in parts if one) or None, status=status)


def _described(text: str) -> tuple[str, str | None]:
    """A plain description, and the whole text where that says more."""
    plain = _MARKS.sub("", _LINK.sub(r"\1", text)).strip()
    whole = text.strip()
    if not plain:
        return whole[:DESCRIPTION_LIMIT], whole if len(whole) > DESCRIPTION_LIMIT else None
    short = plain if len(plain) <= DESCRIPTION_LIMIT else f"{plain[: DESCRIPTION_LIMIT - 1]}\u2026"
    return short, whole if short != whole and (_LINK.search(text) or len(plain) > DESCRIPTION_LIMIT) else None


def _outdented(text: str) -> str:
    lines = text.split("\n")
    margin = min((len(one) - len(one.lstrip()) for one in lines if one.strip()), default=0)
    return "\n".join(one[margin:] for one in lines)


def _table(
    rows: Sequence[tuple[int, tuple[str, ...]]], has_header: bool, group: str | None
) -> tuple[list[ReadItem], list[tuple[int, tuple[str, ...]]]]:
    if not rows:
        return [], []
    header = rows[0][1] if has_header else ()
    places = {name: _place(header, pattern) for name, pattern in _COLUMNS.items()}
    described = places["description"] if places["description"] is not None else 0
    items, unread = [], []
    for line, cells in rows[1:] if has_header else rows:
        words = cells[described].strip() if described < len(cells) else ""
        if not any(one.strip() for one in cells):
            continue
        if not words:
            unread.append((line, cells))
            continue
        items.append(_row(line, words, cells, header, {**places, "description": described}, group))
    return items, unread


def _place(header: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    return next((place for place, name in enumerate(header) if pattern.search(name)), None)


def _row(
    line: int,
    words: str,
    cells: Sequence[str],
    header: Sequence[str],
    places: dict[str, int | None],
    group: str | None,
) -> ReadItem:
    def cell(name: str) -> str:
        place = places[name]
        return cells[place].strip() if place is not None and place < len(cells) else ""

    due = find_whole_date(cell("due"))
    used = {places["description"], places["owner"], places["status"], places["due"] if due else None}
    others = [
        f"{header[place]}: {text.strip()}" if place < len(header) and header[place] else text.strip()
        for place, text in enumerate(cells)
        if place not in used and text.strip()
    ]
    description, more = _described(words)
    parts = [group, more, *others]
    status = cell("status")
    return ReadItem(
        line,
        description,
        "\n\n".join(one for one in parts if one) or None,
        owner=cell("owner") or None,
        due_on=due,
        status=_status(status),
    )


def _status(text: str) -> ActionItemStatus:
    if _DONE.search(text) and not _NOT_DONE.search(text):
        return ActionItemStatus.COMPLETED
    return ActionItemStatus.IN_PROGRESS if _BEGUN.search(text) else ActionItemStatus.OPEN
