"""The manager's report."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.reports.report import Report

routes = Routes("报表")


class PeriodQuery(Body):
    """Local days, both included."""

    first: date = Field(alias="from", title="起始日期")
    last: date = Field(alias="to", title="截止日期")


@routes.route("GET", "/api/reports/period", summary="期间报表", permission="report.view")
async def get_period_report(ask: Ask, query: PeriodQuery) -> Report:
    """Every number has a ``cell``: ``GET /api/orders?ids_of=<cell>&from=…&to=…`` opens it."""
    return await ask.console.reports.report(ask.person.actor(), query.first, query.last)
