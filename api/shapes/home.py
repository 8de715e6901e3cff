"""What the forms of the home page send."""

from typing import Annotated

from pydantic import Field

from api.shapes.base import Given


class SnoozeDays(Given):
    days: Annotated[int, Field(ge=1, le=90)]
