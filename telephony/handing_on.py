"""Handing a call on: blind, attended, by leaving a three-way; and back when nobody takes it.

The agent is let go at once. Until another has the call the citizen hears music, and the call is
DIALLING; a transfer that fails comes back to the agent who made it, else to the head of the line.
"""

from __future__ import annotations

import structlog

from models.errors import TransitionRefused
from models.events import CallAnswered, CallStateChanged, CallTransferred
from models.vocabulary import AgentState, CallEventKind, CallState, PartyKind
from telephony.party import Party, Target
from telephony.together import Together

log = structlog.get_logger(__name__)


class HandingOn(Together):
    """What of a call with others is about giving it away."""

    async def leave(self) -> None:
        """The agent leaves a three-way: citizen and party go on."""
        await self.hand_over(self._need_party("离开三方通话", CallState.CONFERENCE))

    async def complete(self) -> None:
        """To whom was consulted; one who still rings gets the call on answering."""
        session = self._session
        if session.call.state is CallState.CONFERENCE:
            await self.leave()
            return
        session.refuse_unless("完成转接", CallState.CONSULTING)
        if self.party is None:
            raise TransitionRefused("没有咨询对象，不能完成转接", state=session.call.state)
        if self.party.joined_at is not None:
            await self.hand_over(self.party)
            return
        await self._agent_goes(self.party)

    async def transfer(self, target: Target) -> None:
        """Blind: the agent goes at once, the citizen hears music until the other answers."""
        session = self._session
        session.refuse_unless("转接", CallState.TALKING, CallState.HELD)
        session.refuse_while_lost()
        self._invite(target)
        await session.part()
        await self._agent_goes(target)
        try:
            await self._ring(target)
        except TransitionRefused as error:  # the call is on its way back; the agent is told so
            log.info("transfer.failed", call_id=session.call.id, reason=str(error))

    async def transfer_to_line(self, queue: str) -> None:
        """Blind, to a queue: the citizen waits there, at the place that the old time gives."""
        session = self._session
        session.refuse_unless("转接", CallState.TALKING, CallState.HELD)
        session.refuse_while_lost()
        agent = session.agent
        assert agent is not None
        facts, to = session.facts | {"agent_id": None}, session.exchange.queues.queue(queue).name
        await session.part()
        await self._let_agent_go()
        session.call.transfers += 1
        session.call.queue = queue
        session.save(CallTransferred(**facts, from_agent_id=agent.agent_id, to_name=to))
        session.note(CallEventKind.TRANSFERRED, by=agent, reason="转到队列", detail={"to": to})
        await session.on_agent_lost_for_good(f"转接到{to}", by_fault=False)

    async def hand_over(self, party: Party) -> None:
        """The party takes the place of the agent, who is let go, or has left before."""
        session = self._session
        await self._into_talk(party)
        await session.bring_citizen_back()
        await self._leave_consult_room()
        await self._let_agent_go()
        self._from_agent = self._from_agent or session.call.agent_id
        self._taken_by(party)

    async def _agent_goes(self, to: Target | Party) -> None:
        """The agent is out; the citizen waits until ``to`` has answered."""
        session, agent = self._session, self._session.agent
        self._from_agent = session.call.agent_id
        session.note(CallEventKind.TRANSFERRED, by=agent, reason="直接转接", detail={"to": to.name})
        await self._let_agent_go()
        session.enter(CallState.DIALLING)
        self._changed()

    async def _let_agent_go(self) -> None:
        session = self._session
        session.release_agent(talked=True)
        await session.phones.drop_agent()
        session.agent = None

    def _taken_by(self, party: Party) -> None:
        """The call is the party's now, or runs without us."""
        session, board = self._session, self._session.exchange.board
        inside = party.kind in (PartyKind.AGENT, PartyKind.SUPERVISOR)
        back = self._comes_back
        # Whom an agent who has gone left with the citizen; still there when a leader takes over.
        third = self.party if self.party is not party else None
        self._comes_back = False
        session.count_hold()
        session.enter(CallState.TALKING)
        if inside and party.agent_id:
            board.move(party.agent_id, session.call.id, AgentState.TALKING)
            session.agent = board.get(party.agent_id)
            session.call.agent_id, session.call.agent_channel = party.agent_id, party.channel
            session.agent_contact = session.exchange.contacts.get(party.number)
            self.party = third
        else:
            self.party = party
        if not back and party.kind is not PartyKind.SUPERVISOR:
            session.call.transfers += 1
        self._tell_transferred(party, inside)
        if third is not None:
            self._all_three(third)

    def _tell_transferred(self, party: Party, inside: bool) -> None:
        session = self._session
        sender = self._from_agent or ""
        facts = session.facts | {"agent_id": party.agent_id if inside else None}
        events = [CallTransferred(**facts, from_agent_id=sender, to_name=party.name)]
        if inside:
            session.save(*events, CallAnswered(**session.facts))
        else:
            session.save(*events, CallStateChanged(**facts, state=CallState.TALKING))
        if party.kind is not PartyKind.SUPERVISOR:  # a call taken over was not handed on by anybody
            self._note_transferred(party, sender)
        self._from_agent = None

    def _note_transferred(self, party: Party, sender: str) -> None:
        waited = party.joined_at - party.rung_at if party.joined_at and party.rung_at else None
        self._session.note(
            CallEventKind.TRANSFERRED,
            actor=sender or "system",
            reason="对方已接通",
            detail={
                "to": party.name,
                "kind": party.kind,
                "rang_s": round(waited.total_seconds(), 1) if waited else None,
            },
        )

    async def _come_back(self, reason: str) -> None:
        """A transfer that nobody took: to the agent who made it, else to the line's head."""
        session = self._session
        session.note(CallEventKind.TRANSFER_FAILED, reason=reason)
        sender = session.exchange.board.get(self._from_agent or "")
        if self._comes_back or sender is None or not sender.reachable:
            self._comes_back, self._from_agent = False, None
            await session.on_agent_lost_for_good("转接失败")
            return
        self._comes_back = True
        session.exchange.board.invite(
            sender.agent_id, session.call.id, wrapping_up=True, counts=False
        )
        target = Target(
            kind=PartyKind.AGENT,
            name=sender.agent_name,
            number=sender.extension,
            endpoint=f"PJSIP/{sender.extension}",
            agent_id=sender.agent_id,
            summoned=True,
        )
        try:
            await self._ring(target)
        except TransitionRefused:
            log.info("transfer.cannot_come_back", call_id=session.call.id)
