"""What ``/afterword`` answers. Everything is read as whoever asks, and only they see it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from domain import access
from domain.access import Deed, Verb
from domain.action_items.action_item import ActionItemStatus
from domain.chat import Said, Word, read_pointer, read_words
from domain.errors import NotAllowed, NotFound, PostmortemExists
from domain.escalation.targets import Target
from domain.people.time_zones import UTC_ZONE, Zone, read_zone
from domain.postmortems.lifecycle import ReviewerState, Status
from integrations.notifier import Act, Entry, Group
from integrations.slack.actions import Command
from integrations.slack.blocks import BLOCKS_LIMIT, context, entry_blocks, parts_blocks, section
from integrations.slack.mrkdwn import cut, escaped, linked
from models.action_item import ActionItem
from models.base import derived_id
from models.postmortem import Postmortem
from models.queries import action_items, home
from models.queries.action_items import ItemFilters
from models.queries.chat import chat
from models.queries.incidents import incidents
from models.queries.pagination import Ask
from models.queries.people import people
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import Filters, Full, NewPostmortem
from models.queries.review import reviews
from models.session import Session
from runtime.chat.desk import Known, Reply, Request

LIST_LIMIT = 10
OPEN_STATUSES = (ActionItemStatus.OPEN.value, ActionItemStatus.IN_PROGRESS.value)
TITLE_LIMIT = 300
MORE = " There is more than is shown: open Afterword for all of it."
HELP = """*What you can say*
• `/afterword mine`: your action items, reviews and drafts, with buttons
• `/afterword overdue`: what is past due, of all that you may see
• `/afterword create Checkout failed`: a draft with that title; or `create inc_…` from a resolved incident
• `/afterword status 17`: where a postmortem stands (its number, id or address; here alone: this channel's)
• `/afterword bind 17`: messages picked in this channel go into that postmortem's timeline; `unbind` ends it
• `/afterword help`: this
Pick a message with the shortcut *Add to timeline*, or with :pushpin: in a channel that is bound."""


async def answer(request: Request, known: Known, command: Command) -> Reply:
    """Raises the refusal."""
    said = read_words(command.text)
    if said.word is None:
        return Reply("unknown word", f"I do not know `{escaped(said.first.replace('`', ''))}`.\n\n{HELP}")
    return await _ANSWERS[said.word](request, known, command, said)


async def _help(request: Request, known: Known, command: Command, said: Said) -> Reply:  # noqa: ARG001
    return Reply("help", HELP)


# Lists


async def _mine(request: Request, known: Known, command: Command, said: Said) -> Reply:  # noqa: ARG001
    viewer, now = known.viewer, request.now
    async with request.desk.sessions.begin() as session:
        wanted = ItemFilters(status=OPEN_STATUSES, owner_id=viewer.person_id)
        found = await action_items.list_items(session, viewer, wanted, Ask(LIST_LIMIT), now)
        waiting = await home.list_waiting_reviews(session, viewer, LIST_LIMIT + 1)
        written = await chat.list_written_by(session, viewer, LIST_LIMIT + 1)
        targets = await home.next_targets(session, written)
        titles = await home.titles_of(session, viewer, [one.postmortem_id for one in found.items])
    is_cut = bool(found.next_cursor) or max(len(waiting), len(written)) > LIST_LIMIT
    parts = [
        ("Your action items", [_item(request, one, titles) for one in found.items]),
        ("Your review is asked for", [_review(request, one) for one in waiting[:LIST_LIMIT]]),
        ("Your postmortems", [_draft(request, one, targets.get(one.id), known) for one in written[:LIST_LIMIT]]),
    ]
    return _listed("mine", parts, "Nothing waits for you.", MORE if is_cut else "")


async def _overdue(request: Request, known: Known, command: Command, said: Said) -> Reply:  # noqa: ARG001
    viewer, now = known.viewer, request.now
    async with request.desk.sessions.begin() as session:
        late = await action_items.list_items(session, viewer, ItemFilters(overdue=True), Ask(LIST_LIMIT), now)
        open_ones = Filters(overdue=True, status=[Status.DRAFT.value, Status.IN_REVIEW.value])
        missed = await postmortems.list_postmortems(session, viewer, open_ones, Ask(LIST_LIMIT), now)
        targets = await home.next_targets(session, [one.postmortem for one in missed.items])
        titles = await home.titles_of(session, viewer, [one.postmortem_id for one in late.items])
        owners = await people.people_by_id(session, [one.owner_id for one in late.items])
    names = {one.id: one.name for one in owners.values()}
    parts = [
        ("Overdue action items", [_item(request, one, titles, names) for one in late.items]),
        (
            "Overdue postmortems",
            [_draft(request, one.postmortem, targets.get(one.postmortem.id), known) for one in missed.items],
        ),
    ]
    is_cut = bool(late.next_cursor or missed.next_cursor)
    return _listed("overdue", parts, "Nothing is overdue.", MORE if is_cut else "")


def _listed(result: str, parts: Sequence[tuple[str, list[Entry]]], empty: str, more: str = "") -> Reply:
    count = sum(len(entries) for _, entries in parts)
    if not count:
        return Reply(result, empty)
    blocks = parts_blocks(parts, BLOCKS_LIMIT - 1)
    tail = [context(more.strip())] if more else []
    return Reply(result, f"{count} found.{more}", [*blocks, *tail])


def _item(request: Request, item: ActionItem, titles: dict[str, str], owners: dict[str, str] | None = None) -> Entry:
    mine = owners is None
    begun = item.status == ActionItemStatus.IN_PROGRESS
    owner = "" if owners is None else owners.get(item.owner_id or "", "nobody")
    facts = [item.priority.lower(), "in progress" if begun else "open", owner, titles.get(item.postmortem_id, "")]
    acts = (Act.MARK_DONE, Act.SNOOZE, Act.WONT_DO) if begun else (Act.START, Act.MARK_DONE, Act.SNOOZE, Act.WONT_DO)
    return Entry(
        id=item.id,
        kind="action_item",
        group=Group.NEEDS_YOU,
        text=" · ".join(one for one in facts if one),
        title=item.description,
        link=f"{request.desk.base_url}/action-items/{item.id}",
        action_item_id=item.id,
        due_on=item.due_on,
        acts=acts if mine else (),
    )


def _review(request: Request, row: Postmortem) -> Entry:
    return _postmortem(request, row, "waits for your review", acts=(Act.APPROVE, Act.REQUEST_CHANGES))


def _draft(request: Request, row: Postmortem, target: Target | None, known: Known) -> Entry:
    words = row.status.lower().replace("_", " ")
    if target is None:
        return _postmortem(request, row, words)
    due = _shown(target.effective_due_at, known)
    late = "overdue since" if target.effective_due_at <= request.now else "due"
    return _postmortem(request, row, f"{words} · {_spoken(target.name.value)} {late} {due}")


def _postmortem(request: Request, row: Postmortem, text: str, acts: tuple[Act, ...] = ()) -> Entry:
    return Entry(
        id=row.id,
        kind="postmortem",
        group=Group.NEEDS_YOU,
        text=text,
        title=f"#{row.number} {row.title}",
        link=_page(request, row.id),
        postmortem_id=row.id,
        acts=acts,
    )


def _page(request: Request, postmortem_id: str) -> str:
    return f"{request.desk.base_url}/postmortems/{postmortem_id}"


def _spoken(target: str) -> str:
    return target.replace("_", " ")


def _shown(at: datetime, known: Known) -> str:
    """In their zone, with its name."""
    found = read_zone(known.person.time_zone)
    zone = found if isinstance(found, Zone) else UTC_ZONE
    return f"{at.astimezone(zone.rules):%a %Y-%m-%d %H:%M} {zone.name}"


# One postmortem


async def _pointed(session: Session, request: Request, known: Known, words: str, channel: str | None) -> str:
    """The postmortem that words point at, or without words the channel's. Raises NotFound."""
    if not words:
        here = await chat.find_here(session, request.connection.id, channel) if channel else None
        if here is None or here.postmortem_id is None:
            raise NotFound(kind="postmortem", id="of this channel")
        return here.postmortem_id
    pointer = read_pointer(words)
    if pointer is None:
        raise NotFound(kind="postmortem", id=cut(words, 60))
    if pointer.number is not None:
        return await chat.find_numbered(session, known.viewer, pointer.number)
    found = pointer.id or ""
    if found.startswith("inc_"):
        covering = (await incidents.postmortems_of(session, known.viewer, [found])).get(found)
        if not covering:
            raise NotFound(kind="postmortem of incident", id=found)
        return covering[0]
    return found


async def _status(request: Request, known: Known, command: Command, said: Said) -> Reply:
    async with request.desk.sessions.begin() as session:
        pointed = await _pointed(session, request, known, said.rest, command.origin.channel)
        full = await postmortems.get_full(session, known.viewer, pointed, request.now)
        seen = postmortems.VisiblePostmortem(full.postmortem, full.relations, full.visibility)
        targets = await reviews.list_targets(session, seen, request.now)
        named = await people.people_by_id(
            session, [full.postmortem.author_id, *(one.person_id for one in full.postmortem.reviewers)]
        )
    names = {one.id: one.name for one in named.values()}
    lines = [_standing(full, names), *_reviewing(full, names)]
    lines += [
        f"{_spoken(one.target.name.value).capitalize()}: {one.state.lower()}, due"
        f" {_shown(one.target.effective_due_at, known)}"
        for one in targets
        if not one.target.is_settled
    ]
    entry = _postmortem(request, full.postmortem, "\n".join(lines), _acts(full, known))
    return Reply("status", escaped(lines[0]), entry_blocks(entry, 1))


def _standing(full: Full, names: dict[str, str]) -> str:
    row, items = full.postmortem, full.counts.items
    still = items.get("OPEN", 0) + items.get("IN_PROGRESS", 0)
    facts = [
        row.status.lower().replace("_", " "),
        f"by {names.get(row.author_id or '', 'nobody yet')}",
        f"{still} of {sum(items.values())} action items open",
    ]
    if full.counts.unresolved_comments:
        facts.append(f"{full.counts.unresolved_comments} unresolved comments")
    return " · ".join(facts)


def _reviewing(full: Full, names: dict[str, str]) -> list[str]:
    states = {
        names.get(one.person_id, one.person_id): postmortems.state_of(one, full.postmortem)
        for one in full.postmortem.reviewers
    }
    told = [f"{name} ({state.value.lower().replace('_', ' ')})" for name, state in states.items()]
    return [f"Reviewers: {', '.join(told)}"] if told else []


def _acts(full: Full, known: Known) -> tuple[Act, ...]:
    asked = next((one for one in full.postmortem.reviewers if one.person_id == known.viewer.person_id), None)
    if asked is None or full.postmortem.status != Status.IN_REVIEW:
        return ()
    approved = postmortems.state_of(asked, full.postmortem) is ReviewerState.APPROVED
    return (Act.REQUEST_CHANGES,) if approved else (Act.APPROVE, Act.REQUEST_CHANGES)


# Opening one


async def _create(request: Request, known: Known, command: Command, said: Said) -> Reply:  # noqa: ARG001
    if not said.rest:
        words = "Say what it is about: `/afterword create Checkout failed`, or `/afterword create inc_…`."
        return Reply("nothing said", words)
    pointer = read_pointer(said.rest)
    try:
        async with request.desk.sessions.begin() as session:
            if pointer is not None and (pointer.id or "").startswith("inc_"):
                incident_id = pointer.id or ""
                opened = await incidents.open_from_incident(session, known.viewer, incident_id, request.now)
            else:
                opened = derived_id("pm", "chat", request.id)
                new = NewPostmortem(opened, cut(said.rest, TITLE_LIMIT), known.viewer.person_id)
                await postmortems.open_postmortem(session, known.viewer, new, request.now)
    except PostmortemExists as refusal:
        if not isinstance(there := refusal.facts.get("postmortem_id"), str):
            raise
        return Reply("there already", f"There is one already: {linked(there, _page(request, there))}")
    await request.desk.dispatch.start_postmortem(opened)
    async with request.desk.sessions.begin() as session:
        seen = await postmortems.get_visible(session, known.viewer, opened)
    row = seen.postmortem
    text = f"Draft #{row.number} is open: {linked(row.title, _page(request, row.id))}"
    hint = f"`/afterword bind {row.number}` makes this channel's :pushpin: messages its timeline."
    return Reply("created", text, [section(text), context(hint)])


# The channel


async def _bind(request: Request, known: Known, command: Command, said: Said) -> Reply:
    channel = command.origin.channel or ""
    if not channel or channel.startswith("D"):
        return Reply("no channel", "A channel can be bound, direct messages cannot. Say this in the channel.")
    if not said.rest:
        return Reply("nothing said", "Say to which: `/afterword bind 17`, `bind pm_…` or `bind inc_…`.")
    pointer = read_pointer(said.rest)
    async with request.desk.sessions.begin() as session:
        if pointer is not None and (pointer.id or "").startswith("inc_"):
            return await _bind_incident(session, request, known, channel, pointer.id or "")
        pointed = await _pointed(session, request, known, said.rest, None)
        seen = await postmortems.get_visible(session, known.viewer, pointed)
        access.check_edit(Status(seen.postmortem.status), seen.relations)
        await chat.bind_channel(session, known.viewer, request.connection.id, channel, postmortem_id=pointed)
        page = linked(seen.postmortem.title, _page(request, pointed))
    return Reply("bound", f":pushpin: messages of this channel go into the timeline of {page} now.")


async def _bind_incident(session: Session, request: Request, known: Known, channel: str, incident_id: str) -> Reply:
    incident = await incidents.get_incident(session, incident_id)
    _check_may_bind(known)
    await chat.bind_channel(session, known.viewer, request.connection.id, channel, incident_id=incident_id)
    return Reply(
        "bound", f":pushpin: messages of this channel go into the postmortem of “{escaped(incident.title)}” now."
    )


def _check_may_bind(known: Known) -> None:
    if not access.may_do(Deed.REPORT, access.standings(known.viewer)):
        raise NotAllowed(action="bind a channel to", who="a responder or an administrator")


async def _unbind(request: Request, known: Known, command: Command, said: Said) -> Reply:  # noqa: ARG001
    connection_id, channel = request.connection.id, command.origin.channel or ""
    async with request.desk.sessions.begin() as session:
        bound = await chat.find_bound(session, connection_id, channel)
        if bound is None:
            return Reply("not bound", "This channel is not bound to anything.")
        if bound.postmortem_id is not None and not known.viewer.is_admin:
            seen = await postmortems.get_visible(session, known.viewer, bound.postmortem_id)
            access.check(Verb.EDIT, Status.DRAFT, seen.relations, "unbind a channel from")
        elif bound.incident_id is not None:
            _check_may_bind(known)
        await chat.unbind_channel(session, known.viewer, connection_id, channel)
    return Reply("unbound", "This channel is not bound any more. What was picked before stays.")


Answering = Callable[[Request, Known, Command, Said], Awaitable[Reply]]
_ANSWERS: dict[Word, Answering] = {
    Word.MINE: _mine,
    Word.OVERDUE: _overdue,
    Word.CREATE: _create,
    Word.STATUS: _status,
    Word.BIND: _bind,
    Word.UNBIND: _unbind,
    Word.HELP: _help,
}
