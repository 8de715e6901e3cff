"""Writing a policy: a new one, or the next version of one, with a preview of what it would change."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Response

from api.pages.escalation.month_grids import simulation_of
from api.pages.escalation.policies import LIST, SHOWN
from api.pages.escalation.policy_forms import PolicyForm, content_sent, labels_of, stored_form, typed_form
from api.pages.escalation.policy_words import COUNTED, KINDS, RECIPIENTS, URGENCIES, WEEKDAYS
from api.pages.form_fields import sent_version, zone_names
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.rendering import zone_of
from api.shapes.base import PathId
from api.shapes.policies import WEEK, PolicyNew, PolicyPatch
from application.escalation import policies as use_cases
from application.escalation import policy_changes
from domain.errors import DomainError, StaleVersion
from domain.escalation import policy as rules
from domain.escalation.policy import Policy as Content
from domain.escalation.targets import TargetName
from integrations import public_holidays
from models.escalation import DEFAULT_POLICY_ID
from models.queries.escalation import policies
from models.queries.escalation.policies import content_of
from models.queries.pagination import Ask
from models.queries.people import services, teams

routes = router()

AHEAD = 30
"""Days of the simulation beside a preview."""


@routes.get(f"{LIST}/new")
async def new(visit: Visiting, copy_of: Annotated[str, Query(alias="from", max_length=100)] = "") -> Response:
    """Begins with a copy of another policy, or with Afterword's defaults."""
    use_cases.check_may_write(visit.context.viewer)
    content = Content("")
    if copy_of:
        found = content_of(await policies.get_latest(visit.context.session, copy_of))
        content = Content(
            f"Copy of {found.name}"[:200],
            targets=found.targets,
            steps=found.steps,
            office=found.office,
            stale_after_days=found.stale_after_days,
            min_reviewers=found.min_reviewers,
        )
    return await _form(visit, stored_form(content))


async def _form(
    visit: Visit,
    given: PolicyForm,
    refusal: DomainError | None = None,
    *,
    policy_id: str = "",
    version: str = "",
    **more: Any,
) -> Response:
    session = visit.context.session
    return await show(
        visit,
        "escalation/policy_form.html",
        refusal,
        **{"preview": None, "simulation": None, "limit": SHOWN, **more},
        given=given,
        policy_id=policy_id,
        version=version,
        is_default=policy_id == DEFAULT_POLICY_ID,
        labels=labels_of(given),
        services={one.id: one.name for one in (await services.list_services(session, Ask(200))).items}
        | await services.names_of(session, [given.plain["service"]] if given.plain["service"] else []),
        teams={one.id: one.name for one in (await teams.list_teams(session, Ask(200))).items},
        targets=[one.value for one in TargetName],
        kinds=KINDS,
        recipients=RECIPIENTS,
        counted=COUNTED,
        urgencies=URGENCIES,
        week=[(one.value, name) for one, name in zip(WEEK, WEEKDAYS, strict=True)],
        zones=zone_names(given.plain["timeZone"]),
        countries=sorted(public_holidays.regions()),
        regions=public_holidays.regions().get(given.plain["country"], ()),
    )


@routes.post(f"{LIST}/new")
async def create(visit: Visiting) -> Response:
    context = visit.context
    use_cases.check_may_write(context.viewer)
    form = typed_form(visit.form)
    do = visit.form.get("do")
    if do not in {"save", "preview"}:
        return await _form(visit, form)
    made: list[str] = []

    async def work() -> Any:
        content = Content(**read_form(PolicyNew, content_sent(form)).content(context.now.date()))
        if do == "save":
            made.append((await use_cases.add_policy(context.session, context.viewer, content, context.now)).id)
        else:
            rules.check(content)
        return _simulation(visit, content)

    found = await _result(visit, work())
    if isinstance(found, DomainError):
        return await _form(visit, form, found)
    if made:
        return to(f"{LIST}/{made[0]}?saved=saved")
    return await _form(visit, form, simulation=found)


async def _result(visit: Visit, work: Any) -> Any:
    """What the work gives, or its refusal."""
    found: list[Any] = []

    async def kept() -> None:
        found.append(await work)

    return await attempted(visit, kept()) or found[0]


def _simulation(visit: Visit, content: Content) -> Any:
    today = visit.context.now.astimezone(zone_of(content.office.hours.zone)).date()
    return simulation_of(content, today, AHEAD)


@routes.get(f"{LIST}/{{policy_id}}/edit")
async def edit(visit: Visiting, policy_id: PathId) -> Response:
    use_cases.check_may_write(visit.context.viewer)
    latest = await policies.get_latest(visit.context.session, policy_id)
    return await _form(visit, stored_form(content_of(latest)), policy_id=policy_id, version=str(latest.version))


@routes.post(f"{LIST}/{{policy_id}}/edit")
async def save(visit: Visiting, policy_id: PathId) -> Response:
    """Saves the next version, or shows what it would change; other buttons add and remove steps."""
    context = visit.context
    use_cases.check_may_write(context.viewer)
    latest = await policies.get_latest(context.session, policy_id)
    form, do = typed_form(visit.form), visit.form.get("do")
    named: dict[str, Any] = {"policy_id": policy_id, "version": visit.form.get("version", "")[:20]}
    if do == "save":
        if refusal := await attempted(visit, _save(visit, policy_id, form)):
            if isinstance(refusal, StaleVersion):
                named["version"] = str(latest.version)
            return await _form(visit, form, refusal, **named)
        return to(f"{LIST}/{policy_id}?saved=saved")
    if do != "preview":
        return await _form(visit, form, **named)

    async def work() -> dict[str, Any]:
        changes = _changes(visit, form)
        preview = await policy_changes.preview_policy(context.session, context.viewer, policy_id, changes, context.now)
        content = await use_cases.preview_change(context.session, preview.latest, changes)
        return {"preview": preview, "simulation": _simulation(visit, content)}

    found = await _result(visit, work())
    if isinstance(found, DomainError):
        return await _form(visit, form, found, **named)
    return await _form(visit, form, **named, **found)


async def _save(visit: Visit, policy_id: str, form: PolicyForm) -> None:
    context, version = visit.context, sent_version(visit.form)
    await use_cases.change_policy(
        context.session, context.viewer, policy_id, _changes(visit, form), version, context.now
    )


def _changes(visit: Visit, form: PolicyForm) -> Mapping[str, Any]:
    """Raises Malformed."""
    return read_form(PolicyPatch, content_sent(form)).content(visit.context.now.date())
