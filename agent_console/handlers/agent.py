"""The agent's desk: seat, state, and the call in hand."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from agent_console.call_queries import call_view_of, mask_call
from agent_console.floor_queues import FloorView, queues_now
from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.drafts import DraftView
from models.errors import Forbidden
from models.ports import CallView, Presence, SeatAccount
from models.vocabulary import AgentState

routes = Routes("坐席")


class SignedInSeat(BaseModel):
    """What the browser's phone needs."""

    account: SeatAccount
    sip_path: str
    #: This page's right to the telephone, until a later one is given out.
    seat: str
    presence: Presence
    ice_servers: list[dict[str, Any]]


class AgentDesk(BaseModel):
    """Everything an agent's page needs after a reload."""

    presence: Presence
    call: CallView | None
    draft: DraftView | None
    #: The page that has the telephone; null: not known.
    seat: str | None


class SignInSeat(Body):
    """Which page signs in."""

    #: The page was loaded anew: it does not take the telephone from a page that took it since.
    resume: bool = Field(False, title="恢复坐席")
    #: What this page had before, with ``resume``.
    seat: str = Field("", max_length=26, title="坐席凭证")


class SetState(Body):
    """An agent's own change of state."""

    state: AgentState = Field(title="状态")
    reason: str = Field("", max_length=100, title="原因")

    @model_validator(mode="after")
    def _busy_has_a_reason(self) -> Self:
        if self.state is AgentState.BUSY and not self.reason.strip():
            raise ValueError("示忙请选择或填写原因")
        return self


@routes.route("POST", "/api/agent/sign-in", summary="坐席签入", permission="call.seat")
async def agent_sign_in(ask: Ask, body: SignInSeat) -> SignedInSeat:
    """Gives the seat's SIP account. Repeated calls give the same one.

    The page that asked last has the telephone; with ``resume`` only if no other page took it since
    (409, ``seat-elsewhere``).
    """
    agent_id, calls, seats = ask.person.staff_id, ask.console.calls, ask.console.seats
    if body.resume:
        online = calls.presence(agent_id).phone_online
        seats.refuse_if_elsewhere(agent_id, body.seat, phone_online=online)
    account = await calls.sign_in(agent_id)
    ticket = await seats.take(agent_id)
    return SignedInSeat(
        account=account,
        sip_path=f"/sip?seat={ticket}",
        seat=ticket,
        presence=calls.presence(agent_id),
        ice_servers=[],
    )


@routes.route("POST", "/api/agent/sign-out", summary="坐席签出", permission="call.seat")
async def agent_sign_out(ask: Ask) -> None:
    """Refused during a call."""
    await ask.console.calls.sign_out(ask.person.staff_id)


@routes.route("GET", "/api/agent", summary="坐席当前情况", permission="call.seat")
async def get_agent(ask: Ask) -> AgentDesk:
    """Presence, the call in hand (also while wrapping up) and what was typed for it."""
    presence = ask.console.calls.presence(ask.person.staff_id)
    seat = ask.console.seats.latest(ask.person.staff_id)
    if not presence.call_id:
        return AgentDesk(presence=presence, call=None, draft=None, seat=seat)
    return AgentDesk(
        presence=presence,
        call=await call_view_of(ask.console, presence.call_id),
        draft=await _draft(ask, presence.call_id),
        seat=seat,
    )


async def _draft(ask: Ask, call_id: str) -> DraftView | None:
    """What this agent typed; none where somebody else had the call before."""
    try:
        return await ask.console.drafts.get_draft(ask.person.actor(), call_id)
    except Forbidden:
        return None


@routes.route("POST", "/api/agent/state", summary="坐席切换状态", permission="call.seat")
async def set_agent_state(ask: Ask, body: SetState) -> Presence:
    """READY, BUSY, REST, MEAL, TRAINING or MEETING; the others follow from calls."""
    return await ask.console.calls.set_state(ask.person.staff_id, body.state, body.reason)


@routes.route("POST", "/api/agent/wrap-up-done", summary="整理完毕", permission="call.seat")
async def wrap_up_done(ask: Ask) -> Presence:
    """From WRAP_UP to READY."""
    return await ask.console.calls.set_state(ask.person.staff_id, AgentState.READY)


@routes.route("POST", "/api/agent/extend-wrap-up", summary="延长整理", permission="call.seat")
async def extend_wrap_up(ask: Ask) -> Presence:
    """Once after each call."""
    return await ask.console.calls.extend_wrap_up(ask.person.staff_id)


@routes.route("GET", "/api/floor", summary="话务现场")
async def get_floor(ask: Ask) -> FloorView:
    """All agents and calls; for those with a seat and those who watch over the floor."""
    ask.person.require("call.seat" if not ask.person.may("call.floor") else "call.floor")
    floor = ask.console.calls.floor()
    today = await ask.console.queue_counts.today()
    rules = ask.console.services.rules
    return FloorView(
        agents=floor.agents,
        calls=tuple(mask_call(call, ask.person) for call in floor.calls),
        waiting=tuple(mask_call(call, ask.person) for call in floor.waiting),
        exchange_online=floor.exchange_online,
        queues=queues_now(rules.queues, floor, today, ask.console.services.clock),
        service_seconds=rules.figures.service_seconds,
        target_share=rules.figures.staffing.target_share,
        long_wait_seconds=rules.floor.alerts.long_wait.seconds,
    )
