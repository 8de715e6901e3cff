"""The numbers of a report as a file to download."""

from collections.abc import AsyncIterator

from fastapi import Response

from api.files.csv_export import csv_answer
from api.shapes.analytics.report import CSV_COLUMNS, csv_rows
from application.analytics.report import Report


def report_csv(report: Report) -> Response:
    async def rows() -> AsyncIterator[list[str]]:
        for row in csv_rows(report):
            yield row

    return csv_answer("analytics", CSV_COLUMNS, rows())
