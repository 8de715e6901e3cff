"""Answers the command ``/afterword``. Everything is read as the person who asks, and only they see it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from activities.chat.meetings import meet
from activities.chat.requests import ChatRequest, Reply
from application.chat import channels, postmortems, work
from application.chat.actions import zone_of
from application.chat.people import ChatPerson
from domain.action_items.action_item import ActionItemStatus
from domain.chat import CommandName, CommandText, read_command, read_pointer
from domain.errors import NotFound, PostmortemExists
from domain.escalation.targets import Target
from domain.notifications.due import due_words, lateness
from domain.notifications.headlines import begin
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import ReviewerState
from integrations.notifier import Act, Entry, Group
from integrations.slack.actions import Command
from integrations.slack.blocks import BLOCKS_LIMIT, context, entry_blocks, parts_blocks, section
from integrations.slack.mrkdwn import escaped, linked
from models.action_item import ActionItem
from models.postmortem import Postmortem
from models.queries.postmortems.postmortems import FullPostmortem, get_visible, state_of_reviewer
from models.queries.postmortems.shown_list import ListedPostmortem

LIST_LIMIT = 10
SPOKEN_LIMIT = 5
"""How many entries are read to people who only hear the answer."""
MORE = " Open Afterword to see all of them."
HELP = """*Commands*
• `/afterword mine`: your action items, reviews, and drafts
• `/afterword overdue`: everything overdue that you can see
• `/afterword create Checkout failed`: start a draft with that title
• `/afterword create inc_…`: start a draft from a resolved incident
• `/afterword status 17`: the status of a postmortem, by number, id, or URL (in a linked channel, just `status`)
• `/afterword meet 17`: times that suit everyone for its review meeting
• `/afterword meet 17 2026-12-03 15:00`: schedule the meeting then, and invite the suggested people
• `/afterword bind 17`: link this channel, so that its :pushpin: messages go to that postmortem's timeline
• `/afterword unbind`: unlink this channel
• `/afterword help`: show these commands
To add a single message, use its shortcut *Add to timeline*."""


async def answer(request: ChatRequest, person: ChatPerson, command: Command) -> Reply:
    """Raises the refusal."""
    text = read_command(command.text)
    if text.name is None:
        return Reply("unknown word", f"Unknown command `{escaped(text.first.replace('`', ''))}`.\n\n{HELP}")
    return await _ANSWERS[text.name](request, person, text, command.origin.channel)


async def _help(_request: ChatRequest, _person: ChatPerson, _text: CommandText, _channel: str | None) -> Reply:
    return Reply("help", HELP)


# Lists


async def _mine(request: ChatRequest, person: ChatPerson, _text: CommandText, _channel: str | None) -> Reply:
    async with request.sessions.begin() as session:
        found = await work.list_personal_work(session, person.viewer, LIST_LIMIT, request.now)
    parts = [
        ("Your action items", [_item(request, one, found.titles) for one in found.items]),
        ("Reviews waiting for you", [_review(request, one) for one in found.reviews]),
        ("Your postmortems", [_draft(request, one, found.targets.get(one.id), person) for one in found.postmortems]),
    ]
    return _listed("mine", parts, "You have no action items, reviews, or drafts.", MORE if found.has_more else "")


async def _overdue(request: ChatRequest, person: ChatPerson, _text: CommandText, _channel: str | None) -> Reply:
    async with request.sessions.begin() as session:
        found = await work.list_overdue_work(session, person.viewer, LIST_LIMIT, request.now)
    drafts = [_draft(request, one, found.targets.get(one.id), person) for one in found.postmortems]
    parts = [
        ("Overdue action items", [_item(request, one, found.titles, found.owners) for one in found.items]),
        ("Overdue postmortems", drafts),
    ]
    return _listed("overdue", parts, "Nothing is overdue.", MORE if found.has_more else "")


def _listed(result: str, parts: Sequence[tuple[str, list[Entry]]], empty: str, more: str = "") -> Reply:
    count = sum(len(entries) for _, entries in parts)
    if not count:
        return Reply(result, empty)
    blocks = parts_blocks(parts, BLOCKS_LIMIT - 1)
    tail = [context(more.strip())] if more else []
    first = [one for _, entries in parts for one in entries][:SPOKEN_LIMIT]
    named = "; ".join(escaped(f"{one.title}: {one.text}") for one in first)
    late = sum(one.group is Group.OVERDUE for _, entries in parts for one in entries)
    overdue = f", {late} overdue" if late else ""
    return Reply(result, f"{count} found{overdue}: {named}.{more}", [*blocks, *tail])


def _item(
    request: ChatRequest, item: ActionItem, titles: Mapping[str, str], owners: Mapping[str, str] | None = None
) -> Entry:
    mine = owners is None
    due = begin(due_words(item.due_on, request.now)) if item.due_on else "No due date"
    begun = item.status == ActionItemStatus.IN_PROGRESS
    owner = "" if owners is None else owners.get(item.owner_id or "", "no owner")
    facts = [due, f"{item.priority.lower()} priority", "in progress" if begun else "open", owner]
    facts.append(titles.get(item.postmortem_id, ""))
    acts = (Act.MARK_DONE, Act.SNOOZE, Act.WONT_DO) if begun else (Act.START, Act.MARK_DONE, Act.SNOOZE, Act.WONT_DO)
    return Entry(
        id=item.id,
        kind="action_item",
        group=Group.OVERDUE if item.due_on and lateness(item.due_on, request.now) else Group.NEEDS_YOU,
        text=" · ".join(one for one in facts if one),
        title=item.description,
        link=f"{request.base_url}/action-items/{item.id}",
        action_item_id=item.id,
        acts=acts if mine else (),
    )


def _review(request: ChatRequest, row: Postmortem) -> Entry:
    return _postmortem(request, row, "waiting for your review", acts=(Act.APPROVE, Act.REQUEST_CHANGES))


def _draft(
    request: ChatRequest, row: Postmortem | ListedPostmortem, target: Target | None, person: ChatPerson
) -> Entry:
    words = row.status.lower().replace("_", " ")
    if target is None:
        return _postmortem(request, row, words)
    zone = zone_of(person.person.time_zone).rules
    due_at, now = target.effective_due_at.astimezone(zone), request.now.astimezone(zone)
    said = f"{_spoken(target.name.value).capitalize()} {due_words(due_at, now)}"
    group = Group.OVERDUE if lateness(due_at, now) else Group.NEEDS_YOU
    return _postmortem(request, row, f"{said} · {words} · {_shown(target.effective_due_at, person)}", group=group)


def _postmortem(
    request: ChatRequest,
    row: Postmortem | ListedPostmortem,
    text: str,
    acts: tuple[Act, ...] = (),
    group: Group = Group.NEEDS_YOU,
) -> Entry:
    return Entry(
        id=row.id,
        kind="postmortem",
        group=group,
        text=text,
        title=f"#{row.number} {row.title}",
        link=request.page(row.id),
        postmortem_id=row.id,
        acts=acts,
    )


def _spoken(target: str) -> str:
    return target.replace("_", " ")


def _shown(at: datetime, person: ChatPerson) -> str:
    """In their zone, with its name."""
    zone = zone_of(person.person.time_zone)
    return f"{at.astimezone(zone.rules):%a %Y-%m-%d %H:%M} {zone.name}"


# One postmortem


async def _status(request: ChatRequest, person: ChatPerson, text: CommandText, channel: str | None) -> Reply:
    async with request.sessions.begin() as session:
        postmortem_id = await postmortems.get_id_in_channel(
            session, person.viewer, text.rest, request.connection.id, channel
        )
        status = await postmortems.get_status(session, person.viewer, postmortem_id, request.now)
    full = status.full
    lines = [_summary(full, status.names), *_reviewers(full, status.names)]
    lines += [
        f"{_spoken(one.target.name.value).capitalize()}: {one.state.lower()}, due"
        f" {_shown(one.target.effective_due_at, person)}"
        for one in status.targets
        if not one.target.is_settled
    ]
    entry = _postmortem(request, full.postmortem, "\n".join(lines), _acts(full, person))
    return Reply("status", escaped(lines[0]), entry_blocks(entry, 1))


def _summary(full: FullPostmortem, names: Mapping[str, str]) -> str:
    row, items = full.postmortem, full.counts.items
    still = items.get("OPEN", 0) + items.get("IN_PROGRESS", 0)
    facts = [
        row.status.lower().replace("_", " "),
        f"by {names.get(row.author_id or '', 'no author yet')}",
        f"{still} of {sum(items.values())} action items open",
    ]
    if full.counts.unresolved_comments:
        facts.append(f"{full.counts.unresolved_comments} unresolved comments")
    return " · ".join(facts)


def _reviewers(full: FullPostmortem, names: Mapping[str, str]) -> list[str]:
    states = {
        names.get(one.person_id, one.person_id): state_of_reviewer(one, full.postmortem)
        for one in full.postmortem.reviewers
    }
    told = [f"{name} ({state.value.lower().replace('_', ' ')})" for name, state in states.items()]
    return [f"Reviewers: {', '.join(told)}"] if told else []


def _acts(full: FullPostmortem, person: ChatPerson) -> tuple[Act, ...]:
    asked = next((one for one in full.postmortem.reviewers if one.person_id == person.viewer.person_id), None)
    if asked is None or full.postmortem.status != Status.IN_REVIEW:
        return ()
    approved = state_of_reviewer(asked, full.postmortem) is ReviewerState.APPROVED
    return (Act.REQUEST_CHANGES,) if approved else (Act.APPROVE, Act.REQUEST_CHANGES)


# Opening one


async def _create(request: ChatRequest, person: ChatPerson, text: CommandText, _channel: str | None) -> Reply:
    if not text.rest:
        words = "Add a title or an incident: `/afterword create Checkout failed`, or `/afterword create inc_…`."
        return Reply("nothing said", words)
    pointer = read_pointer(text.rest)
    if pointer is not None and not postmortems.is_incident(text.rest):
        return await _named_already(request, person, text.rest)
    title = text.rest.strip('"“”').strip() or text.rest
    try:
        async with request.sessions.begin() as session:
            opened = await postmortems.create_postmortem(session, person, title, request.id, request.now)
    except PostmortemExists as refusal:
        if not isinstance(there := refusal.facts.get("postmortem_id"), str):
            raise
        return Reply("there already", f"This incident already has a postmortem: {linked(there, request.page(there))}")
    await request.starter.start_postmortem(opened)
    async with request.sessions.begin() as session:
        row = (await get_visible(session, person.viewer, opened)).postmortem
    reply = f"Draft #{row.number} is started: {linked(row.title, request.page(row.id))}"
    hint = f"`/afterword bind {row.number}` adds this channel's :pushpin: messages to its timeline."
    return Reply("created", reply, [section(reply), context(hint)])


async def _named_already(request: ChatRequest, person: ChatPerson, words: str) -> Reply:
    """A number, an id or an address names a postmortem; nobody means it as a title."""
    quoted = f'`/afterword create "{escaped(words.replace("`", ""))}"`'
    try:
        async with request.sessions.begin() as session:
            found = await postmortems.get_named_id(session, person.viewer, words)
            row = (await get_visible(session, person.viewer, found)).postmortem
    except NotFound:
        told = f"You can't see a postmortem “{escaped(words)}”. To start a draft with that title, type {quoted}."
        return Reply("asked back", told)
    page = linked(row.title, request.page(row.id))
    return Reply(
        "there already", f"#{row.number} already exists: {page}. To start a draft with that title, type {quoted}."
    )


# The channel


async def _bind(request: ChatRequest, person: ChatPerson, text: CommandText, channel: str | None) -> Reply:
    if not channel or channel.startswith("D"):
        return Reply("no channel", "You can link channels, but not direct messages. Use this command in the channel.")
    if not text.rest:
        return Reply("nothing said", "Say which postmortem: `/afterword bind 17`, `bind pm_…` or `bind inc_…`.")
    connection_id, pointer = request.connection.id, read_pointer(text.rest)
    async with request.sessions.begin() as session:
        if pointer is not None and (pointer.id or "").startswith("inc_"):
            title = await channels.bind_to_incident(session, person, connection_id, channel, pointer.id or "")
            return Reply(
                "bound", f":pushpin: messages in this channel are now saved for the postmortem of “{escaped(title)}”."
            )
        postmortem_id = await postmortems.get_named_id(session, person.viewer, text.rest)
        visible = await channels.bind_to_postmortem(session, person, connection_id, channel, postmortem_id)
        page = linked(visible.postmortem.title, request.page(postmortem_id))
    return Reply("bound", f":pushpin: messages in this channel are now added to the timeline of {page}.")


async def _unbind(request: ChatRequest, person: ChatPerson, _text: CommandText, channel: str | None) -> Reply:
    async with request.sessions.begin() as session:
        if not await channels.unbind(session, person, request.connection.id, channel or ""):
            return Reply("not bound", "This channel isn't linked to a postmortem.")
    return Reply("unbound", "This channel is no longer linked. Messages added before stay in the timeline.")


Answer = Callable[[ChatRequest, ChatPerson, CommandText, str | None], Awaitable[Reply]]
_ANSWERS: dict[CommandName, Answer] = {
    CommandName.MINE: _mine,
    CommandName.OVERDUE: _overdue,
    CommandName.CREATE: _create,
    CommandName.STATUS: _status,
    CommandName.MEET: meet,
    CommandName.BIND: _bind,
    CommandName.UNBIND: _unbind,
    CommandName.HELP: _help,
}
