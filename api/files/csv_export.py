"""Answers as CSV: UTF-8 that spreadsheets recognize, and no cell that they would run as a formula."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from fastapi import Response
from fastapi.responses import StreamingResponse

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel reads the file in the encoding of its own country."""
_FORMULAS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


def csv_answer(name: str, columns: Sequence[str], rows: AsyncIterator[Sequence[str]]) -> Response:
    """A file to download that is sent while it is read."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(_lines(columns, rows), media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(columns: Sequence[str], rows: AsyncIterator[Sequence[str]]) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + csv_line(columns)
    async for row in rows:
        yield csv_line(row)


def csv_line(cells: Iterable[str]) -> str:
    """A cell that a spreadsheet would run as a formula starts with an apostrophe."""
    out = io.StringIO()
    csv.writer(out).writerow(
        [f"'{one}" if one.lstrip(" ")[:1] in _FORMULAS and one.strip(" ") else one for one in cells]
    )
    return out.getvalue()
