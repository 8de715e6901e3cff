"""The numbers of an incident's impact, as the API takes and shows them, and as an export holds them."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from integrations.fields import BLANK_IS_NONE, Words

Count = Annotated[int, Field(ge=0, le=2**53)]


class _Shape(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class Money(_Shape):
    amount: Annotated[Decimal, Field(max_digits=20, decimal_places=2)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class ImpactMetrics(_Shape):
    duration_minutes: Count | None = None
    affected_users: Count | None = None
    failed_transactions: Count | None = None
    revenue_impact: Money | None = None
    sla_breach: Annotated[Annotated[str, Words(500, blank=True)] | None, BLANK_IS_NONE] = None
    support_tickets: Count | None = None
