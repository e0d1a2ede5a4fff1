"""A shift leader at others' calls and seats. Everything needs a reason, and is written down."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from models.ports import ActiveSupervision, Presence
from models.vocabulary import AgentState, SupervisionKind

routes = Routes("班长席")


class Supervise(Body):
    """What to do with a call."""

    kind: SupervisionKind = Field(title="方式")
    reason: str = Field(min_length=1, max_length=200, title="原因")


class Switch(Body):
    """What to do instead, on the same line."""

    kind: SupervisionKind = Field(title="方式")


class ForceState(Body):
    """The state an agent is put into."""

    state: AgentState = Field(title="状态")
    reason: str = Field(min_length=1, max_length=200, title="原因")


class Supervisions(BaseModel):
    """Who is at whose call now."""

    active: list[ActiveSupervision]


@routes.route("GET", "/api/supervision", summary="正在进行的监听", permission="floor.supervise")
async def list_supervision(ask: Ask) -> Supervisions:
    """Shift leaders who listen, whisper or have come in."""
    return Supervisions(active=list(ask.console.calls.leaders.active()))


@routes.route(
    "POST",
    "/api/calls/{call_id}/supervise",
    summary="监听、耳语、强插、拦截、强拆、抢接",
    permission="floor.supervise",
)
async def supervise_call(ask: Ask, call_id: str, body: Supervise) -> None:
    """Rings the leader's phone, which answers by itself; FORCE_HANG_UP needs no phone.

    Hearing a call is reading it: that is written down first.
    """
    person, calls = ask.person, ask.console.calls
    if any(call.call_id == call_id for call in calls.floor().calls):
        what = f"call.{body.kind.value.lower()}"
        await ask.console.access.note(person, what, call_id, body.reason)
    leader = replace(calls.presence(person.staff_id), agent_name=person.name)
    await calls.leaders.supervise(call_id, leader, body.kind, body.reason)


@routes.route(
    "POST",
    "/api/calls/{call_id}/supervise/switch",
    summary="切换监听方式",
    permission="floor.supervise",
)
async def switch_supervision(ask: Ask, call_id: str, body: Switch) -> None:
    """Between LISTEN, WHISPER and BARGE_IN; the leader's line stays up."""
    await ask.console.calls.leaders.switch(call_id, ask.person.staff_id, body.kind)


@routes.route(
    "POST",
    "/api/calls/{call_id}/supervise/stop",
    summary="结束监听",
    permission="floor.supervise",
)
async def stop_supervision(ask: Ask, call_id: str) -> None:
    """The leader goes, the call goes on. Safe to repeat."""
    await ask.console.calls.leaders.stop(call_id, ask.person.staff_id)


@routes.route(
    "POST",
    "/api/agents/{agent_id}/force-state",
    summary="强制置态",
    permission="floor.supervise",
)
async def force_state(ask: Ask, agent_id: str, body: ForceState) -> Presence:
    """READY, BUSY, a break, or OFFLINE to sign out; refused during a call."""
    person = ask.person
    leaders = ask.console.calls.leaders
    done = await leaders.force_state(agent_id, person.name, body.state, body.reason)
    await ask.console.access.note(
        person, f"agent.force_state.{body.state.value.lower()}", agent_id, body.reason
    )
    return done
