"""Metrics and trends, and how the process works."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends

from api.files.analytics import report_csv
from api.request_context import Context
from api.shapes.analytics.asked import AskedReport, asked_report
from api.shapes.analytics.process import ProcessOut, process_out
from api.shapes.analytics.report import ReportOut, report_out
from api.v1.routing import router
from application.analytics.process import read_process
from application.analytics.report import report

routes: APIRouter = router("analytics", prefix="/analytics")

Asked = Annotated[AskedReport, Depends(asked_report)]


@routes.get(
    "",
    response_model=ReportOut,
    responses={200: {"content": {"text/csv": {}}, "description": "The report, or its numbers as CSV"}},
)
async def get_analytics(
    context: Context,
    asked: Asked,
    format: Literal["json", "csv"] = "json",  # noqa: A002 - the contract's name
) -> Any:
    """Returns metrics and trends of what you can see, with the equally long span right before as ``previous``. Each
    number links to the list that it counts; a rate links to the list of its denominator."""
    calendar = asked.calendar(context.person.time_zone, context.now)
    found = await report(context.session, context.viewer, asked.filters, calendar, context.now)
    if format == "csv":
        return report_csv(found)
    return report_out(found)


@routes.get("/process")
async def get_process_analytics(context: Context, asked: Asked) -> ProcessOut:
    """Returns how the process works: days by phase, targets that slip, causes that come back after their action items
    were done, what becomes of action items, and how long open ones have been open."""
    calendar = asked.calendar(context.person.time_zone, context.now)
    return process_out(await read_process(context.session, context.viewer, asked.filters, calendar, context.now))
