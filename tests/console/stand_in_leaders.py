"""The shift leader's part of the stand-in for telephony: remembers what was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from models.errors import NotFound, TransitionRefused
from models.ports import ActiveSupervision, CallView, Presence
from models.vocabulary import AgentState, SupervisionKind


class StandInLeaders:
    """Keeps the promises of ``models.ports.LeaderDesk`` that the console relies on."""

    def __init__(
        self,
        agents: dict[str, Presence],
        calls: dict[str, CallView],
        set_state: Callable[[str, AgentState, str], Awaitable[Presence]],
        now: Callable[[], datetime],
    ) -> None:
        self._agents = agents
        self._calls = calls
        self._set_state = set_state
        self._now = now
        self._watched: dict[str, ActiveSupervision] = {}
        #: Call, leader's name, kind and reason.
        self.asked: list[tuple[str, str, SupervisionKind, str]] = []

    def active(self) -> tuple[ActiveSupervision, ...]:
        return tuple(self._watched.values())

    async def supervise(
        self, call_id: str, leader: Presence, kind: SupervisionKind, reason: str
    ) -> None:
        if call_id not in self._calls:
            raise NotFound("没有这个通话", call_id=call_id)
        self.asked.append((call_id, leader.agent_name, kind, reason))
        if kind is SupervisionKind.FORCE_HANG_UP:
            del self._calls[call_id]
            return
        if leader.agent_id not in self._agents:
            raise TransitionRefused("请先签入", state=AgentState.OFFLINE.value)
        self._watched[call_id] = ActiveSupervision(
            call_id=call_id,
            supervisor_id=leader.agent_id,
            supervisor_name=leader.agent_name,
            kind=kind,
            since=self._now(),
        )

    async def switch(self, call_id: str, leader_id: str, kind: SupervisionKind) -> None:
        found = self._watched.get(call_id)
        if found is None or found.supervisor_id != leader_id:
            raise TransitionRefused("您没有在监听这通电话")
        self._watched[call_id] = replace(found, kind=kind)

    async def stop(self, call_id: str, leader_id: str) -> None:
        self._watched.pop(call_id, None)

    async def force_state(
        self, agent_id: str, leader_name: str, state: AgentState, reason: str
    ) -> Presence:
        if agent_id not in self._agents:
            raise NotFound("该人员没有签入坐席", agent_id=agent_id)
        return await self._set_state(agent_id, state, f"{leader_name}强制置态：{reason}")
