"""A caller who has been given to an agent: the phone is rung; unanswered, the caller waits on."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog

from models.errors import TransitionRefused
from models.events import CallRinging, CallStateChanged
from models.vocabulary import AgentState, CallEventKind, CallState
from telephony import causes
from telephony.agents import Agent
from telephony.ari import ARIError
from telephony.conversation import PAGE_RELOADED

if TYPE_CHECKING:
    from telephony.conversation import Conversation
    from telephony.inbound import InboundCall

log = structlog.get_logger(__name__)

#: Why an agent who was rung gets a pause.
DECLINED = "拒接来电"
MISSED = "未接来电"
NO_PHONE = "话机无法接通"
#: Why a ring ended that was no fault of anybody's: another process has given this agent a call.
_GIVEN_AWAY = "坐席正在接听其他来电"
#: A phone that goes ends its ring before Asterisk tells that it has gone.
PHONE_SETTLES_SECONDS = 1.0


def line_of_ring(reason: str) -> CallEventKind:
    """What the history says of a ring that ended so. Only what the agent could have answered was
    missed; else the caller just waits again.
    """
    return {DECLINED: CallEventKind.DECLINED, MISSED: CallEventKind.MISSED}.get(
        reason, CallEventKind.QUEUED
    )


def was_cut_short(session: Conversation, since: datetime) -> bool:
    """Whether a ring that began then has ended too early: the phone itself may have gone, of a page
    that is closed or loaded anew.
    """
    rung = (session.now() - since).total_seconds()
    return rung < session.exchange.settings.telephony.ring_seconds - PHONE_SETTLES_SECONDS


def phone_has_changed(session: Conversation) -> bool:
    """Whether the phone that was rung has gone, or come as another, meanwhile."""
    rung = session.agent
    agent = session.exchange.board.get(rung.agent_id) if rung else None
    if agent is None:
        return False
    now = session.exchange.contacts.get(agent.extension)
    return not agent.phone_online or now != session.agent_contact


def free_after_ring(session: Conversation, agent: Agent, reason: str) -> None:
    """A ring has ended unanswered, why: the agent is busy now, and the shift leader hears of what
    was missed. A page that was loaded anew could not have answered.
    """
    exchange, call_id = session.exchange, session.call.id
    if reason == PAGE_RELOADED:
        exchange.board.go_back(agent.agent_id, call_id)
    else:
        exchange.board.release(agent.agent_id, call_id, AgentState.BUSY, reason)
    kind = line_of_ring(reason)
    if kind is CallEventKind.QUEUED:
        return
    session.note(kind, by=agent, reason=reason)
    if kind is CallEventKind.MISSED:
        exchange.missed(call_id, agent)


class Ringing:
    """One caller's agents, one after another. Its steps run in the call's own queue of steps."""

    def __init__(self, session: InboundCall) -> None:
        self._session = session
        self._call = session.call
        self._exchange = session.exchange
        #: The shift leader who has picked this caller up last.
        self.picked_up_by = ""

    @property
    def _rings(self) -> bool:
        return self._call.state is CallState.RINGING

    # --- an agent is found ----------------------------------------------------------------------

    def give_to(self, agent: Agent, *, at_once: bool = False) -> None:
        """Distribution has reserved this agent for us. ``at_once``: the page answers by itself."""
        self._session.agent = agent
        self._session.post(lambda: self._ring(agent, at_once))

    async def pick_up(self, leader: Agent) -> None:
        """A shift leader takes the caller who waits, or another agent's ring.

        :raises TransitionRefused: when nobody waits here, or the leader is not free.
        """
        session, call, state = self._session, self._call, self._call.state
        waits = state is CallState.SELF_SERVICE and call.id in self._exchange.line
        if not waits and state not in (CallState.QUEUED, CallState.RINGING):
            raise TransitionRefused(f"通话当前为“{state.label}”，不能抢接", state=state)
        claimed = self._exchange.board.claim(leader.agent_id, call.id)
        before, session.agent = session.agent, None
        if before is not None:
            self._exchange.board.go_back(before.agent_id, call.id)
        await session.phones.drop_agent()
        self._exchange.line.remove(call.id)
        self.give_to(claimed, at_once=True)
        self.picked_up_by = leader.agent_id

    async def _ring(self, agent: Agent, at_once: bool) -> None:
        session, call = self._session, self._call
        if session.agent is not agent:
            return  # picked up by someone else before the phone rang
        if not await self._claimed(agent):
            return
        call.agent_id = agent.agent_id
        call.ringing_at = session.now()
        session.enter(CallState.RINGING)
        session.save(CallRinging(**session.facts))
        session.note(CallEventKind.RINGING, by=agent)
        await session.waiting.step_aside()
        await session.front.step_aside()
        seconds = self._exchange.settings.telephony.ring_seconds
        try:
            await session.phones.ring_agent(agent, at_once=at_once, seconds=seconds)
        except ARIError as error:
            log.warning("call.cannot_ring", call_id=call.id, error=str(error))
            await self._next_agent(NO_PHONE)

    async def _claimed(self, agent: Agent) -> bool:
        """Whether no other process has this agent. If one has, the caller is back in the line."""
        session, shared = self._session, self._exchange.shared_floor
        if shared is None or await shared.claim(self._call.id, agent, self._call.agent_id):
            return True
        session.agent = self._call.agent_id = None
        session.enter(CallState.QUEUED)
        session.save()
        session.wait_in_line()
        return False

    # --- it is not answered ---------------------------------------------------------------------

    async def not_reached(self, cause: int) -> None:
        """The next agent; the caller keeps the place."""
        if not self._rings:
            return
        session = self._session
        if cause in causes.DECLINED:
            await self._next_agent(DECLINED)
        elif was_cut_short(session, self._call.ringing_at or session.now()):
            settled = partial(self._phone_has_settled, self._call.ringing_at)
            session.after(PHONE_SETTLES_SECONDS, "phone", settled)
        else:
            await self._next_agent(MISSED)

    async def decline(self) -> bool:
        """The agent hangs up: whether that declines a ring."""
        if self._rings:
            await self._next_agent(DECLINED)
            return True
        return False

    async def withdraw(self) -> None:
        """The agent who is rung has been given to someone else."""
        if self._rings:
            await self._next_agent("")

    async def reloaded(self, contact: str) -> bool:
        """The agent's phone has come as another: whether that ends a ring. A page that is loaded
        anew while it rings has not missed the call: it is rung again.
        """
        if self._rings and self._session.agent_contact not in (None, contact):
            await self._next_agent(PAGE_RELOADED)
            return True
        return False

    async def _phone_has_settled(self, rung: datetime | None) -> None:
        if self._rings and self._call.ringing_at == rung:
            changed = phone_has_changed(self._session)
            await self._next_agent(PAGE_RELOADED if changed else MISSED)

    async def _next_agent(self, reason: str) -> None:
        session = self._session
        agent, session.agent = session.agent, None
        self._call.agent_id = None
        if agent is not None:
            free_after_ring(session, agent, reason)
            if line_of_ring(reason) is CallEventKind.QUEUED:
                self._note_waits(reason)
        await session.phones.drop_agent()
        session.enter(CallState.QUEUED)
        session.save(CallStateChanged(**session.facts, state=CallState.QUEUED))
        session.wait_in_line()

    def _note_waits(self, reason: str) -> None:
        again = {"queue_name": self._exchange.queues.queue(self._call.queue).name}
        self._session.note(CallEventKind.QUEUED, reason=reason or _GIVEN_AWAY, detail=again)
