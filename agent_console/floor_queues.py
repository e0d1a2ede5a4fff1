"""The queues as the floor's page shows them: who waits now, who serves, how today goes."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from config.queues import Queue, QueueRules
from dispatch.floor.queue_counts import QueueCount
from models.clock import Clock
from models.ports import CallView, Floor, Presence, WaitingView
from models.vocabulary import AgentState


class QueueNow(BaseModel):
    """One queue at this moment."""

    code: str
    name: str
    waiting: int
    #: Places that callers keep who have hung up and will be called back.
    booked: int
    longest_wait_s: float | None
    ready_agents: int
    agents: int
    offered_today: int
    answered_today: int
    service_level_15s: float | None


class FloorView(BaseModel):
    """The floor with its queues."""

    agents: tuple[Presence, ...]
    calls: tuple[CallView, ...]
    waiting: tuple[WaitingView, ...]
    exchange_online: bool
    queues: list[QueueNow]
    #: An answer within so many seconds is in time; for this share of calls it is wanted.
    service_seconds: float
    target_share: float
    #: A wait is too long from here on; the shift leader is called for it.
    long_wait_seconds: float


def queues_now(
    rules: QueueRules, floor: Floor, today: Mapping[str, QueueCount], clock: Clock
) -> list[QueueNow]:
    """Every queue of the rules, in their order."""
    return [
        _queue(one, floor, today.get(one.code, QueueCount()), clock)
        for one in rules.queues.values()
    ]


def _queue(queue: Queue, floor: Floor, count: QueueCount, clock: Clock) -> QueueNow:
    groups = {step.code for step in queue.groups}
    agents = [
        agent
        for agent in floor.agents
        if agent.state is not AgentState.OFFLINE and groups.intersection(agent.groups)
    ]
    waiting = [call for call in floor.waiting if call.queue == queue.code]
    since = [call.queued_at for call in waiting if call.queued_at]
    return QueueNow(
        code=queue.code,
        name=queue.name,
        waiting=len(waiting),
        booked=floor.booked.get(queue.code, 0),
        longest_wait_s=(clock.now() - min(since)).total_seconds() if since else None,
        ready_agents=sum(one.state is AgentState.READY and one.phone_online for one in agents),
        agents=len(agents),
        offered_today=count.offered,
        answered_today=count.answered,
        service_level_15s=count.service_level,
    )
