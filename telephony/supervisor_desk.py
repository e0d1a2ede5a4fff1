"""What a shift leader may do with others' calls and seats: with a reason, and written down."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from models.errors import InvalidInput, NotFound, TelephonyUnavailable, TransitionRefused
from models.events import CallSupervised
from models.ports import ActiveSupervision, Presence
from models.vocabulary import AgentState, CallState, ContactOutcome, SupervisionKind
from telephony.agent_desk import NeedCall
from telephony.agents import Agent
from telephony.conversation import Conversation
from telephony.exchange import Exchange
from telephony.inbound import InboundCall
from telephony.supervision import AUDIBLE, LINES, Order, Supervision

#: What is done on the leader's own line, and may be changed while it lasts.
ON_THE_LINE = frozenset({
    SupervisionKind.LISTEN, SupervisionKind.WHISPER, SupervisionKind.BARGE_IN,
})  # fmt: skip

#: What the column of a state's reason holds.
_LONGEST = 255


class SupervisorDesk:
    """Implements :class:`models.ports.LeaderDesk`."""

    def __init__(
        self,
        exchange: Exchange,
        need_call: NeedCall,
        online: Callable[[], bool],
        view: Callable[[Agent], Presence],
    ) -> None:
        self._exchange = exchange
        self._need_call = need_call
        self._online = online
        self._view = view

    def active(self) -> tuple[ActiveSupervision, ...]:
        """See :meth:`models.ports.LeaderDesk.active`."""
        sessions = self._exchange.sessions.values()
        found = [(session.call.id, session.supervision) for session in sessions]
        return tuple(
            ActiveSupervision(
                call_id=call_id,
                supervisor_id=one.leader.agent_id,
                supervisor_name=one.leader.agent_name,
                kind=one.kind,
                since=one.since,
            )
            for call_id, one in found
            if one is not None and one.since is not None
        )

    # --- at a call ------------------------------------------------------------------------------

    async def supervise(
        self, call_id: str, leader: Presence, kind: SupervisionKind, reason: str
    ) -> None:
        """See :meth:`models.ports.LeaderDesk.supervise`."""
        order = Order(kind=kind, reason=_reason(reason))
        session = await self._living(call_id)
        if kind is SupervisionKind.FORCE_HANG_UP:
            await session.ask(lambda: _force_hang_up(session, leader, order))
            return
        agent = self._exchange.board.need(leader.agent_id)
        if kind is SupervisionKind.PICK_UP:
            await session.ask(lambda: _pick_up(session, agent, order))
        elif kind is SupervisionKind.TAKE_OVER and self._own(session, agent.agent_id):
            await session.ask(lambda: self._switch(session, agent.agent_id, order))
        elif kind in ON_THE_LINE or kind is SupervisionKind.TAKE_OVER:
            await session.ask(lambda: _begin(session, agent, order))
        else:
            raise TransitionRefused(f"不能对通话执行“{kind.label}”", action=kind)

    async def switch(self, call_id: str, leader_id: str, kind: SupervisionKind) -> None:
        """See :meth:`models.ports.LeaderDesk.switch`. The reason first given holds on."""
        if kind not in ON_THE_LINE:
            raise TransitionRefused(f"不能切换为“{kind.label}”", action=kind)
        session = await self._living(call_id)
        order = Order(kind=kind, reason=self._need_own(session, leader_id).reason)
        await session.ask(lambda: self._switch(session, leader_id, order))

    async def stop(self, call_id: str, leader_id: str) -> None:
        """See :meth:`models.ports.LeaderDesk.stop`."""

        async def leave() -> None:
            supervision = self._own(session, leader_id)
            if supervision is not None:
                await supervision.end("班长结束")

        with contextlib.suppress(TransitionRefused):  # the call is over: so is the supervision
            session = await self._need_call(call_id)
            await session.ask(leave)

    async def _living(self, call_id: str) -> Conversation:
        if not self._online():
            raise TelephonyUnavailable("电话交换机没有应答，请稍后再试")
        return await self._need_call(call_id)

    async def _switch(self, session: Conversation, leader_id: str, order: Order) -> None:
        await self._need_own(session, leader_id).switch(order)

    def _own(self, session: Conversation, leader_id: str) -> Supervision | None:
        found = session.supervision
        return found if found and found.leader.agent_id == leader_id else None

    def _need_own(self, session: Conversation, leader_id: str) -> Supervision:
        supervision = self._own(session, leader_id)
        if supervision is None:
            raise TransitionRefused("您没有在监听这通电话", state=session.call.state)
        return supervision

    # --- at a seat ------------------------------------------------------------------------------

    async def force_state(
        self, agent_id: str, leader_name: str, state: AgentState, reason: str
    ) -> Presence:
        """See :meth:`models.ports.LeaderDesk.force_state`."""
        words = f"{leader_name}强制置态：{_reason(reason)}"[:_LONGEST]
        if self._exchange.board.get(agent_id) is None:
            raise NotFound("该人员没有签入坐席", agent_id=agent_id)
        return self._view(self._exchange.board.force(agent_id, state, words))


# --- steps of a call ----------------------------------------------------------------------------


async def _begin(session: Conversation, leader: Agent, order: Order) -> None:
    present = session.supervision
    if present is not None:
        who = present.leader.agent_name
        own = present.leader.agent_id == leader.agent_id
        message = "您已在这通电话中" if own else f"{who}正在{present.kind.label}这通电话"
        raise TransitionRefused(message, state=session.call.state, action=order.kind)
    await Supervision(session, leader, order).begin()


async def _force_hang_up(session: Conversation, leader: Presence, order: Order) -> None:
    """For a talk only: a citizen who waits is not to be thrown out."""
    state = session.call.state
    if state not in AUDIBLE and state is not CallState.DIALLING:
        raise TransitionRefused(
            f"通话当前为“{state.label}”，不能强拆", state=state, action=order.kind
        )
    _tell(session, leader, order)
    talked = session.call.answered_at is not None
    outcome = ContactOutcome.SERVED if talked else ContactOutcome.NOT_REACHED
    await session.end(outcome, f"班长强拆：{order.reason}")


async def _pick_up(session: Conversation, leader: Agent, order: Order) -> None:
    if not isinstance(session, InboundCall):
        raise TransitionRefused("只能抢接市民的来电", state=session.call.state)
    if session.waiting.booked:
        raise TransitionRefused("市民已预约回电，正在结束通话，不能抢接", state=session.call.state)
    to_ring = session.call.state in (CallState.QUEUED, CallState.RINGING)
    agent = session.agent
    if to_ring and agent is not None and agent.agent_id == session.ringing.picked_up_by:
        raise TransitionRefused(f"{agent.agent_name}正在抢接这通来电", state=session.call.state)
    await session.ringing.pick_up(leader)
    _tell(session, leader, order)


def _tell(session: Conversation, leader: Presence, order: Order) -> None:
    session.note(LINES[order.kind], by=leader, reason=order.reason)
    session.exchange.records.tell(
        CallSupervised(
            **session.facts,
            supervisor_id=leader.agent_id,
            supervisor_name=leader.agent_name,
            kind=order.kind,
            active=False,
            reason=order.reason,
        )
    )


def _reason(reason: str) -> str:
    if not reason.strip():
        message = "请填写原因"
        raise InvalidInput(message, [{"field": "reason", "message": message}])
    return reason.strip()
