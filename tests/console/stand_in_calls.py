"""A stand-in for telephony: keeps presence and calls in memory, rings nobody.

It keeps the promises of ``models.ports.CallControl`` that the console relies on. The real thing is
tested in tests/telephony and end to end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from models.clock import Clock
from models.errors import NotFound, TelephonyUnavailable, TransitionRefused
from models.ids import new_id
from models.ports import (
    CallView,
    Floor,
    Presence,
    SeatAccount,
    WaitingView,
)
from models.vocabulary import AgentState, CallDirection, CallState
from tests.console.stand_in_desk import StandInDesk
from tests.console.stand_in_leaders import StandInLeaders

OWN_STATES = {
    AgentState.READY,
    AgentState.BUSY,
    AgentState.REST,
    AgentState.MEAL,
    AgentState.TRAINING,
    AgentState.MEETING,
}


class StandInCalls:
    """In-memory call control."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.online = True
        self.agents: dict[str, Presence] = {}
        self.calls: dict[str, CallView] = {}
        self.leaders = StandInLeaders(self.agents, self.calls, self.set_state, clock.now)
        self.dialled: list[tuple[str, str, str | None]] = []
        #: Call-back tasks that calls out were made for, in their order.
        self.for_callbacks: list[str | None] = []
        self.surveyed: list[bool] = []
        self.desk = StandInDesk(self._own, self.put, clock.now)

    def put(self, call: CallView) -> None:
        """Let a call be there."""
        self.calls[call.call_id] = call

    def wrap_up(self, agent_id: str, call_id: str) -> None:
        """Let the agent have just ended this call."""
        self._has(agent_id, AgentState.WRAP_UP, call_id)

    def ring(self, agent_id: str, call_id: str) -> None:
        """Let this call ring at the agent's telephone."""
        self._has(agent_id, AgentState.RINGING, call_id)

    def _has(self, agent_id: str, state: AgentState, call_id: str) -> None:
        self.agents[agent_id] = replace(self.agents[agent_id], state=state, call_id=call_id)

    def floor(self) -> Floor:
        queued = [call for call in self.calls.values() if call.state is CallState.QUEUED]
        waiting = [WaitingView(**vars(call), position=n) for n, call in enumerate(queued, 1)]
        others = [call for call in self.calls.values() if call.state is not CallState.QUEUED]
        return Floor(
            agents=tuple(self.agents.values()),
            calls=tuple(others),
            waiting=tuple(waiting),
            exchange_online=self.online,
        )

    def presence(self, agent_id: str) -> Presence:
        return self.agents.get(agent_id) or self._presence(agent_id, AgentState.OFFLINE)

    async def sign_in(self, agent_id: str) -> SeatAccount:
        self._need_exchange()
        self.agents.setdefault(agent_id, self._presence(agent_id, AgentState.BUSY))
        return SeatAccount(extension="1001", password="sip-secret", domain="hotline")

    async def sign_out(self, agent_id: str) -> None:
        self.agents.pop(agent_id, None)

    async def set_state(self, agent_id: str, state: AgentState, reason: str = "") -> Presence:
        if agent_id not in self.agents:
            raise TransitionRefused("请先签入坐席", state=AgentState.OFFLINE.value)
        if state not in OWN_STATES:
            raise TransitionRefused(f"不能自行切换为“{state.label}”", action=state.value)
        freed = replace(self.agents[agent_id], state=state, reason=reason, call_id=None)
        self.agents[agent_id] = freed
        return self.agents[agent_id]

    async def extend_wrap_up(self, agent_id: str) -> Presence:
        present = self.presence(agent_id)
        if present.state is not AgentState.WRAP_UP or present.wrap_up_extended:
            raise TransitionRefused("整理时间已延长过一次", state=present.state)
        self.agents[agent_id] = replace(present, wrap_up_extended=True)
        return self.agents[agent_id]

    def give_skills(self, agent_id: str, skills: Mapping[str, int]) -> None:
        if agent_id in self.agents:
            self.agents[agent_id] = replace(self.agents[agent_id], skills=dict(skills))

    async def hang_up(self, call_id: str, agent_id: str, survey: bool = True) -> None:
        self._own(call_id, agent_id)
        self.surveyed.append(survey)
        del self.calls[call_id]

    async def hold(self, call_id: str, agent_id: str) -> None:
        self.calls[call_id] = replace(self._own(call_id, agent_id), state=CallState.HELD)

    async def resume(self, call_id: str, agent_id: str) -> None:
        self.calls[call_id] = replace(self._own(call_id, agent_id), state=CallState.TALKING)

    async def call_out(
        self,
        agent_id: str,
        number: str,
        order_id: str | None = None,
        callback_id: str | None = None,
    ) -> str:
        self._need_exchange()
        self.for_callbacks.append(callback_id)
        self.dialled.append((agent_id, number, order_id))
        call_id = new_id()
        self.put(
            CallView(
                call_id=call_id,
                contact_id=None,
                direction=CallDirection.OUTBOUND,
                state=CallState.DIALLING,
                caller_number=number,
                agent_id=agent_id,
                started_at=self._clock.now(),
                order_id=order_id,
                callback_id=callback_id,
            )
        )
        return call_id

    def practice_phone(self, number: str) -> SeatAccount:
        self._need_exchange()
        return SeatAccount(extension="citizen1", password="practice-secret", domain="hotline")

    def _presence(self, agent_id: str, state: AgentState) -> Presence:
        now: datetime = self._clock.now()
        return Presence(
            agent_id=agent_id, agent_name="坐席", extension="1001", state=state, since=now
        )

    def _own(self, call_id: str, agent_id: str) -> CallView:
        call = self.calls.get(call_id)
        if call is None or call.agent_id != agent_id:
            raise NotFound("没有这通电话", call_id=call_id)
        return call

    def _need_exchange(self) -> None:
        if not self.online:
            raise TelephonyUnavailable("电话交换机没有响应")
