"""The application: its parts, its doors, its answers to errors."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import structlog
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import assets, errors, health, webhooks
from api.attempts import WrongTokenLimit
from api.chat import slack_manifest
from api.compression import Compression
from api.document.document import install as install_document
from api.live.streams import Streams
from api.middleware import BodyLimit, RequestLog, RoutesByPath, SecurityHeaders, SlashRedirects
from api.pages import home as home_pages
from api.pages import live as live_pages
from api.pages import reference as reference_pages
from api.pages import search as search_pages
from api.pages import settings as settings_pages
from api.pages import styleguide as styleguide_pages
from api.pages import tickets as ticket_pages
from api.pages import views as view_pages
from api.pages.access import identities as identity_pages
from api.pages.access import links as sign_in_link_pages
from api.pages.access import own_sessions as session_pages
from api.pages.access import provider_sign_out as provider_sign_out_pages
from api.pages.access import providers as provider_pages
from api.pages.access import set_up as set_up_pages
from api.pages.access import sign_in as sign_in_pages
from api.pages.access import tokens as token_pages
from api.pages.action_items import item as item_pages
from api.pages.action_items import listing as item_list_pages
from api.pages.analytics import analytics as analytics_pages
from api.pages.audit import organization as organization_audit_pages
from api.pages.audit import postmortem as audit_pages
from api.pages.connections import accounts as account_pages
from api.pages.connections import connection as connection_pages
from api.pages.connections import connections as integration_pages
from api.pages.connections import sync_log as log_pages
from api.pages.content import editing as editing_pages
from api.pages.content import history as history_pages
from api.pages.content import root_causes as root_cause_pages
from api.pages.content import templates as template_pages
from api.pages.content import writing as writing_pages
from api.pages.documents import archives as archive_pages
from api.pages.documents import attachments as attachment_pages
from api.pages.documents import exports as export_pages
from api.pages.documents import imports as import_pages
from api.pages.escalation import policies as policy_pages
from api.pages.escalation import policy_editing as policy_editing_pages
from api.pages.incidents import forms as incident_forms
from api.pages.incidents import incidents as incident_pages
from api.pages.incidents import listing as incident_listing
from api.pages.meetings import meetings as meeting_pages
from api.pages.meetings import own_calendars as calendar_pages
from api.pages.notifications import inbox as inbox_pages
from api.pages.notifications import unsubscribe as unsubscribing_pages
from api.pages.people import people as people_pages
from api.pages.people import services as service_pages
from api.pages.people import teams as team_pages
from api.pages.postmortems import bulk as postmortem_bulk_pages
from api.pages.postmortems import corrections as correction_pages
from api.pages.postmortems import editors as editor_pages
from api.pages.postmortems import events as event_pages
from api.pages.postmortems import facts as fact_pages
from api.pages.postmortems import forms as postmortem_forms
from api.pages.postmortems import participants as participant_pages
from api.pages.postmortems import postmortems as postmortem_pages
from api.pages.postmortems import similar as similar_pages
from api.pages.postmortems import switch as switch_pages
from api.pages.review import changes as change_pages
from api.pages.review import lifecycle as lifecycle_pages
from api.pages.review import mends as mending_pages
from api.pages.sharing import customer_emails as customer_email_pages
from api.pages.sharing import publications as publication_pages
from api.pages.sharing import settings as sharing_settings_pages
from api.pages.sharing import share as share_pages
from api.pages.timeline import paste as paste_pages
from api.public import feeds
from api.public import links as public_links
from api.public import unsubscribing as public_unsubscribing
from api.request_context import Parts
from api.request_queue import RequestQueue
from api.server import on_draining
from api.v1 import action_items, analytics, audit, comments, incidents, live, style, tickets, timeline, views
from api.v1.access import identities, tokens
from api.v1.access import sessions as web_sessions
from api.v1.connections import accounts, checks, connections, dry_run, sync_log
from api.v1.connections import health as connection_health
from api.v1.content import root_causes, sections, templates
from api.v1.documents import archives, attachments, exports, imports
from api.v1.escalation import policies
from api.v1.meetings import meetings, own_calendars
from api.v1.meetings import suggestions as meeting_suggestions
from api.v1.notifications import me, reachability
from api.v1.people import calendars, people, services, teams
from api.v1.postmortems import editors, participants, postmortems, switch
from api.v1.postmortems import incidents as linked_incidents
from api.v1.review import lifecycle, reviewers, targets
from api.v1.search import search, similar
from api.v1.sharing import customer_emails, publications
from api.v1.sharing import links as share_links
from api.v1.sharing import settings as sharing_settings
from api.v1.sharing import summaries as public_summaries
from application.people.first_administrator import needs_set_up, set_up_code
from application.sharing.public import ViewCounter
from integrations.sign_in.provider import IdentityProvider
from models.keyring import Keyring
from models.queries import workers
from models.session import Sessions, StoreError
from runtime.connections import (
    connect_temporal,
    open_database,
    open_keyring,
    open_object_store,
    restrict_outbound,
)
from runtime.database_checks import wait_until_fit
from runtime.dispatch import Dispatch
from runtime.logging import configure_logging
from runtime.processes import CannotStart
from runtime.settings import Settings, get_settings
from runtime.ticket_signals import TicketSignals

log = structlog.get_logger()

DESCRIPTION = """Afterword runs post-incident reviews: from a resolved incident to a published postmortem, and on
until its action items are done.

Send `Authorization: Bearer <token>`. Every write accepts an `Idempotency-Key`, and `Prefer: return=minimal` for an
answer without a body (204, with `ETag` and `Location`). Every error is a problem document (RFC 9457) with a stable
`code`. Up to 20 commands of one person may wait for their answers at the same time; more get 429."""


PAGES = (
    sign_in_pages,
    sign_in_link_pages,
    provider_pages,
    provider_sign_out_pages,
    set_up_pages,
    session_pages,
    identity_pages,
    home_pages,
    inbox_pages,
    unsubscribing_pages,
    editing_pages,
    switch_pages,
    similar_pages,
    postmortem_bulk_pages,
    postmortem_pages,
    lifecycle_pages,
    mending_pages,
    change_pages,
    editor_pages,
    paste_pages,
    event_pages,
    fact_pages,
    participant_pages,
    history_pages,
    writing_pages,
    attachment_pages,
    archive_pages,
    import_pages,
    audit_pages,
    organization_audit_pages,
    template_pages,
    root_cause_pages,
    postmortem_forms,
    export_pages,
    correction_pages,
    item_list_pages,
    item_pages,
    incident_listing,
    incident_forms,
    incident_pages,
    settings_pages,
    people_pages,
    team_pages,
    service_pages,
    token_pages,
    policy_editing_pages,
    policy_pages,
    integration_pages,
    connection_pages,
    account_pages,
    log_pages,
    ticket_pages,
    share_pages,
    publication_pages,
    meeting_pages,
    calendar_pages,
    customer_email_pages,
    sharing_settings_pages,
    analytics_pages,
    search_pages,
    view_pages,
    live_pages,
    reference_pages,
    styleguide_pages,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or get_settings()
    configure_logging(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        restrict_outbound(settings)
        database = open_database(settings, "afterword api")
        client = await connect_temporal()
        dispatch = Dispatch(client, lambda: _worker_alive(database.sessions))
        keyring = open_keyring(settings)
        signals = TicketSignals(dispatch)
        streams = Streams(database.sessions, database.live)
        app.state.parts = Parts(
            settings,
            database.sessions,
            keyring,
            dispatch,
            signals,
            open_object_store(settings),
            deliveries=RequestQueue.shared(8, settings.api_processes, waiting=5000),
            chats=RequestQueue.shared(4, settings.api_processes, waiting=200),
            views=ViewCounter(database.sessions),
            live=streams,
            providers={name: IdentityProvider(name, one, settings.base_url) for name, one in settings.oidc.items()},
        )
        app.state.temporal = client
        sending = asyncio.create_task(streams.run())
        database.live.listen(streams)
        loop = asyncio.get_running_loop()
        on_draining.append(partial(loop.call_soon_threadsafe, streams.end))
        checking = asyncio.create_task(_stop_if_unfit(database.sessions, keyring, settings.base_url))
        try:
            yield
        finally:
            on_draining.clear()
            for task in (checking, sending):
                task.cancel()
            await asyncio.wait([checking, sending])
            await signals.close()
            await app.state.parts.views.close()
            await database.close()

    app = FastAPI(
        title="Afterword",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        separate_input_output_schemas=False,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # which would believe the Host header; see SlashRedirects
    )
    errors.install(app)
    for routes in (
        webhooks.router,
        switch.routes,
        postmortems.routes,
        lifecycle.routes,
        reviewers.routes,
        targets.routes,
        comments.routes,
        sections.routes,
        editors.routes,
        participants.routes,
        linked_incidents.routes,
        timeline.routes,
        attachments.routes,
        attachments.uploads,
        archives.routes,
        imports.uploads,
        imports.routes,
        style.routes,
        action_items.routes,
        tickets.routes,
        incidents.routes,
        people.routes,
        tokens.routes,
        web_sessions.routes,
        identities.routes,
        teams.routes,
        services.routes,
        me.routes,
        reachability.routes,
        calendars.routes,
        templates.routes,
        templates.kept_routes,
        root_causes.routes,
        policies.routes,
        connections.routes,
        checks.routes,
        dry_run.routes,
        accounts.routes,
        sync_log.routes,
        connection_health.routes,
        slack_manifest.routes,
        public_summaries.routes,
        share_links.routes,
        publications.routes,
        customer_emails.routes,
        meeting_suggestions.routes,
        meetings.routes,
        own_calendars.routes,
        sharing_settings.routes,
        views.routes,
        search.routes,
        similar.routes,
        analytics.routes,
        audit.routes,
        live.routes,
        exports.routes,
        exports.public_routes,
        health.router,
    ):
        app.router.routes.extend(routes.routes)
    for public in (feeds, public_links, public_unsubscribing):  # the feed's addresses come before those of links
        app.router.routes.extend(public.routes.routes)
    for pages in PAGES:
        app.router.routes.extend(pages.routes.routes)
    app.mount("/docs/viewer", reference_pages.viewer, name="viewer")
    app.include_router(assets.routes)
    app.add_middleware(SlashRedirects)
    app.add_middleware(BodyLimit)
    app.add_middleware(WrongTokenLimit)
    app.add_middleware(Compression)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
    install_document(app, settings.base_url)
    app.router.middleware_stack = RoutesByPath(app.router)
    return app


async def _stop_if_unfit(sessions: Sessions, keyring: Keyring, base_url: str) -> None:
    """Ends this process if it turns out to have the wrong keys or the wrong database, once the database can say so.

    Where there is no administrator, the log says how to make one.
    """
    try:
        await wait_until_fit(sessions, keyring)
    except CannotStart as problem:
        log.critical("stopping", reason=str(problem))
        signal.raise_signal(signal.SIGTERM)
        return
    is_new = False
    with suppress(StoreError, OSError):
        async with sessions.begin() as session:
            is_new = await needs_set_up(session)
    if is_new:
        log.warning("no administrator yet", create_one_at=f"{base_url}/setup", setup_code=set_up_code(keyring))


async def _worker_alive(sessions: Sessions) -> bool:
    async with sessions.begin() as session:
        return await workers.is_any_alive(session)
