"""What waits for a decision or an answer, and what was left out of the statistics."""

from __future__ import annotations

from agent_console.routing import Ask, Routes
from config.oversight import RefusalReason
from dispatch.views.office_lists import ExcludedOrder, WaitingOversight, WaitingRequest

routes = Routes("督办审定")


@routes.route("GET", "/api/refusals", summary="不予受理的原因", permission="order.create")
async def list_refusals(ask: Ask) -> list[RefusalReason]:
    """As the rules of the house name them."""
    return list(ask.console.services.rules.oversight.refusals)


@routes.route("GET", "/api/requests", summary="待审定的申请", permission="office.view")
async def list_requests(ask: Ask) -> list[WaitingRequest]:
    """Those that the reader's house or unit decides or has asked for, the first due first."""
    return await ask.console.office_lists.requests(ask.person.actor())


@routes.route("GET", "/api/oversights", summary="待答复的催办和督办", permission="office.view")
async def list_oversights(ask: Ask) -> list[WaitingOversight]:
    """Of the reader's own units, or all; the first due first."""
    return await ask.console.office_lists.oversights(ask.person.actor())


@routes.route("GET", "/api/exclusions", summary="不计入统计的工单", permission="office.view")
async def list_exclusions(ask: Ask) -> list[ExcludedOrder]:
    """Of the last year, for all units to see."""
    return await ask.console.office_lists.excluded()
