"""A shift leader at another's call: the leader's line, who hears whom, taking over, the end.

What each kind means, whatever the call is doing meanwhile:

- LISTEN: the leader hears every line of the call, each by what its phone sends; on hold not the
  music. Nobody hears the leader.
- WHISPER: as LISTEN, and the agent hears the leader too. Not where the agent has left citizen and
  third party to themselves: then there is nobody to whisper to, and who whispered listens on.
- BARGE_IN: the leader is in the room where the talk is; on hold that is with the agent.
- TAKE_OVER: the leader's line takes the place of the agent's, and the call is the leader's. Not
  while the agent consults somebody or has a third party in the talk: the leader may come in. Where
  the agent has left, all three talk then, and the leader may send the third party away.

All methods run as steps of the call. Whatever fails here ends the supervision, never the call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from models.errors import TransitionRefused
from models.events import CallSupervised
from models.vocabulary import (
    AgentState,
    CallDirection,
    CallEventKind,
    CallState,
    Leg,
    PartyKind,
    SupervisionKind,
)
from telephony.agents import Agent
from telephony.ari import ARIError
from telephony.ari.tidy import tidily
from telephony.listening import Listening
from telephony.party import Party

if TYPE_CHECKING:
    from telephony.conversation import Conversation

log = structlog.get_logger(__name__)

#: A leader's phone answers by itself; one that does not is not there.
LEADER_RING_SECONDS = 15
#: States of a call in which someone can be listened to.
AUDIBLE = frozenset({
    CallState.TALKING, CallState.HELD, CallState.CONSULTING, CallState.CONFERENCE,
})  # fmt: skip

#: States of a call in which the agent has nobody else on the line.
CONNECTED = (CallState.TALKING, CallState.HELD)

LINES = {
    SupervisionKind.LISTEN: CallEventKind.LISTENED,
    SupervisionKind.WHISPER: CallEventKind.WHISPERED,
    SupervisionKind.BARGE_IN: CallEventKind.BARGED_IN,
    SupervisionKind.TAKE_OVER: CallEventKind.TAKEN_OVER,
    SupervisionKind.FORCE_HANG_UP: CallEventKind.FORCED_HANG_UP,
    SupervisionKind.PICK_UP: CallEventKind.PICKED_UP,
}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the leader wants, and why."""

    kind: SupervisionKind
    reason: str


class Supervision:
    """One shift leader at one call. Held by the call's session while it lasts."""

    def __init__(self, session: Conversation, leader: Agent, order: Order) -> None:
        self._session = session
        self._order = order
        self._listening = Listening(
            session.exchange.ari, session.call.id, session.exchange.media.address
        )
        self.leader = leader
        self.channel = ""
        #: The bridge where the leader talks with the others.
        self._room = ""
        #: Since when the leader is at the call; None while the phone rings.
        self.since: datetime | None = None

    @property
    def kind(self) -> SupervisionKind:
        """What the leader does, or is about to do."""
        return self._order.kind

    @property
    def reason(self) -> str:
        """Why, in the leader's words."""
        return self._order.reason

    @property
    def _others(self) -> list[str]:
        """Whom the leader hears."""
        return [line for line in self._session.lines if line != self.channel]

    def ids(self) -> set[str]:
        """Channels and bridges in use."""
        return {self.channel, *self._listening.ids()}

    def on_stasis_start(self, channel_id: str) -> None:
        """A channel to hear with has come into our hands."""
        self._listening.on_stasis_start(channel_id)

    # --- coming ---------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Ring the leader's phone, which answers by itself.

        :raises TransitionRefused: when the call cannot be supervised, or the leader is not free.
        """
        session = self._session
        self._refuse_unless_audible(self.kind)
        if session.agent is not None and session.agent.agent_id == self.leader.agent_id:
            raise TransitionRefused("这是您自己的通话", state=session.call.state)
        session.exchange.board.watch(self.leader.agent_id, self.kind.label)
        session.supervision = self
        try:
            self.channel = session.phones.name_leader_line()
            await session.phones.ring_leader(self.leader, self.channel, LEADER_RING_SECONDS)
        except ARIError as error:
            log.warning("supervision.cannot_ring", call_id=session.call.id, error=str(error))
            await self.end("班长电话无法接通")
            raise TransitionRefused(
                "您的电话无法接通，请检查话机", state=session.call.state
            ) from None
        session.after(LEADER_RING_SECONDS + 1.0, "leader", self._stays_away)

    def _refuse_unless_audible(self, kind: SupervisionKind) -> None:
        state = self._session.call.state
        states = CONNECTED if kind is SupervisionKind.TAKE_OVER else AUDIBLE
        if state not in states or self._session.closing:
            raise TransitionRefused(
                f"通话当前为“{state.label}”，不能{kind.label}", state=state, action=kind
            )
        if kind is SupervisionKind.WHISPER and self._session.agent is None:
            raise TransitionRefused("坐席已退出通话，没有人可以耳语", state=state, action=kind)

    async def _stays_away(self) -> None:
        if self.since is None:
            await self.end("班长电话未接听")

    async def on_answered(self) -> None:
        """The leader's phone is there."""
        if self.since is None:
            self._session.cancel_timer("leader")
            self.since = self._session.now()
            self._party()
            await self._arranged()

    # --- what is heard --------------------------------------------------------------------------

    async def switch(self, order: Order) -> None:
        """Something else, on the same line.

        :raises TransitionRefused: while the leader's phone still rings, or when it failed.
        """
        if self.since is None:
            raise TransitionRefused("班长电话尚未接通，请稍候", action=order.kind)
        if order.kind is self.kind:
            return
        self._refuse_unless_audible(order.kind)
        self._order = order
        if not await self._arranged():
            raise TransitionRefused(f"{order.kind.label}没有成功，请重试", action=order.kind)

    async def _arranged(self) -> bool:
        """Do as ordered, or end."""
        try:
            self._refuse_unless_audible(self.kind)
            await self._arrange()
        except (ARIError, TransitionRefused) as error:
            log.warning("supervision.failed", call_id=self._session.call.id, error=str(error))
            await self.end("监听线路无法建立")
            return False
        self._tell(active=self.kind is not SupervisionKind.TAKE_OVER)
        if self.kind is SupervisionKind.TAKE_OVER:
            self._session.supervision = None
        else:
            self._session.exchange.board.rename_watch(self.leader.agent_id, self.kind.label)
        return True

    async def _arrange(self) -> None:
        """Out of the ear of those who shall not hear the leader any more comes first."""
        listening = self._listening
        if self.kind is SupervisionKind.TAKE_OVER:
            await listening.hush()
            await self._take_over()
            await listening.close()
        elif self.kind is SupervisionKind.BARGE_IN:
            await listening.hush()
            await self._come_in()
            await listening.close()
        else:
            self._room = ""
            await listening.hear(self.channel, self._others)
            await self._whisper_or_hush()

    async def _take_over(self) -> None:
        """The leader's line takes the place of the agent's; the agent is let go."""
        session = self._session
        await session.consultation.hand_over(self._party())
        session.agent_found()
        board = session.exchange.board
        inbound = session.call.direction is CallDirection.INBOUND
        with_third = session.call.state is CallState.CONFERENCE
        state = AgentState.CONFERENCE if with_third else AgentState.TALKING
        session.agent = board.hand_over(
            self.leader.agent_id, session.call.id, state, counts=inbound
        )
        session.listen(Leg.AGENT, self.channel)

    def _party(self) -> Party:
        """The leader's own row among the parties of the call."""
        lines = self._session.party_lines
        return lines.enter(self.leader, PartyKind.SUPERVISOR, self.channel)

    async def _whisper_or_hush(self) -> None:
        if self.kind is SupervisionKind.WHISPER:
            await self._whisper()
        else:
            await self._listening.hush()

    async def _whisper(self) -> None:
        call = self._session.call
        await self._listening.whisper(
            self.channel,
            call.agent_channel,
            room=self._session.consultation.room,
            alone=call.state is CallState.HELD,
        )

    async def _come_in(self) -> None:
        """To where the agent talks."""
        session = self._session
        room = session.consultation.room
        if room != self._room:
            await session.exchange.ari.bridges.ensure(room, type="mixing")
            await session.exchange.ari.bridges.add_channel(room, self.channel)
            self._room = room

    async def follow(self) -> None:
        """The call has changed: other lines may be in it, or nobody to listen to any more."""
        session = self._session
        if self.since is None or session.supervision is not self:
            return
        if session.call.state not in AUDIBLE:
            await self.end(f"通话已转为“{session.call.state.label}”")
        else:
            try:
                await self._follow()
            except ARIError as error:
                log.info("supervision.not_followed", call_id=session.call.id, error=str(error))

    async def _follow(self) -> None:
        if self.kind is SupervisionKind.BARGE_IN:
            await self._come_in()
            return
        await self._listening.follow(self._others)
        if self.kind is SupervisionKind.WHISPER and self._session.agent is None:
            await self._only_listen()
        agent = self._session.call.agent_channel
        if self.kind is SupervisionKind.WHISPER and agent in self._session.seen:
            await self._whisper()

    async def _only_listen(self) -> None:
        """The agent whom the leader whispered to has left the others to themselves."""
        self._order = replace(self._order, kind=SupervisionKind.LISTEN)
        self._session.exchange.board.rename_watch(self.leader.agent_id, self.kind.label)
        self._tell(active=True, why="坐席已退出通话")
        await self._listening.hush()

    # --- going ----------------------------------------------------------------------------------

    async def on_gone(self) -> None:
        """The leader has hung up, or the phone is lost."""
        await self.end("班长挂机")

    async def end(self, why: str) -> None:
        """The leader goes; the call goes on. Safe to call twice."""
        session = self._session
        if session.supervision is not self:
            return
        session.supervision = None
        session.cancel_timer("leader")
        channel, self.channel = self.channel, ""
        if self.since is not None:
            session.party_lines.leave(channel, why)
            self._tell(active=False, why=why)
        session.exchange.board.turn_away(self.leader.agent_id)
        if channel:
            await tidily(session.exchange.ari.channels.hangup(channel))
        await self._listening.close()

    def _tell(self, *, active: bool, why: str = "") -> None:
        """To the call's own history, and to those who watch over the floor."""
        session, order = self._session, self._order
        detail = {"active": active} | ({"why": why} if why else {})
        session.note(LINES[order.kind], by=self.leader, reason=order.reason, detail=detail)
        session.exchange.records.tell(
            CallSupervised(
                **session.facts,
                supervisor_id=self.leader.agent_id,
                supervisor_name=self.leader.agent_name,
                kind=order.kind,
                active=active,
                reason=order.reason,
            )
        )
