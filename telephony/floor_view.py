"""The floor as the console shows it: agents with their groups and limits, callers with places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from config.queues import BREAKS
from models.ports import CallView, Floor, Presence, WaitingView
from models.vocabulary import AgentState, CallState
from telephony.agents import Agent
from telephony.distribution import WaitingLine
from telephony.exchange import Exchange
from telephony.session import CallSession


def agent_view(exchange: Exchange, agent: Agent) -> Presence:
    """One agent."""
    rules, wraps_up = exchange.queues, agent.state is AgentState.WRAP_UP
    limit = agent.until if agent.state in BREAKS else None
    skills = agent.skills or rules.default_skills
    return Presence(
        agent_id=agent.agent_id,
        agent_name=agent.agent_name,
        extension=agent.extension,
        state=agent.state,
        since=agent.since,
        reason=agent.reason,
        call_id=agent.call_id,
        until=agent.until,
        phone_online=agent.phone_online,
        skills=dict(agent.skills),
        groups=tuple(code for code in rules.groups if code in skills),
        calls_today=agent.calls_today,
        break_limit_at=limit,
        overrun=limit is not None and limit <= exchange.clock.now(),
        wrap_up_extended=agent.extended,
        wrap_up_extendable=wraps_up and not agent.extended,
    )


def floor_view(exchange: Exchange, online: bool) -> Floor:
    """Everything at this moment."""
    living = {one.call.id: one for one in exchange.sessions.values() if not one.closing}
    places = exchange.line.positions()
    waiting = [living[call_id] for call_id in exchange.line if call_id in living]
    return Floor(
        agents=tuple(agent_view(exchange, agent) for agent in exchange.board),
        calls=tuple(_call_view(exchange, one) for one in living.values()),
        waiting=tuple(_waiting_view(exchange, one, places) for one in waiting),
        exchange_online=online,
        booked=kept_places(exchange.line, exchange.sessions),
    )


def kept_places(line: WaitingLine, sessions: Collection[str]) -> Counter[str]:
    """How many places of each queue belong to nobody on the line, but to booked call-backs.

    :param sessions: ids of the calls that are here.
    """
    return Counter(
        one.queue
        for one in line.in_order()
        if one.call_id not in sessions and one.elsewhere is None
    )


def _call_view(exchange: Exchange, session: CallSession) -> CallView:
    view, state = session.call.view(session.parties), session.call.state
    agent = exchange.board.get(view.agent_id or "")
    return replace(
        view,
        agent_name=agent.agent_name if agent else "",
        agent_left=session.agent is None and state is CallState.TALKING,
    )


def _waiting_view(
    exchange: Exchange, session: CallSession, places: Mapping[str, int]
) -> WaitingView:
    view = vars(_call_view(exchange, session)) | {"queued_at": session.waits_since}
    return WaitingView(
        **view,
        position=places[session.call.id],
        expected_wait_s=exchange.expected(session.call.id).wait,
    )
