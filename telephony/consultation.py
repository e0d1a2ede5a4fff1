"""What an agent does with others in a call: consult, swap, three-way, leave, transfer.

Who hears whom is decided by rooms alone. ``call-<id>`` is where the citizen is talked with,
``consult-<id>`` where the agent talks with a party whom the citizen must not hear; who is in
neither hears music or, while a phone rings, the ringing tone. After a restart the rooms tell what
was going on.

=============  ==============================  =====================  ============
state          in the talk room                in the consult room    music
=============  ==============================  =====================  ============
CONSULTING     nobody                          agent, party           citizen
CONSULTING *   citizen, agent                  nobody                 party (held)
CONFERENCE     citizen, agent, party           -                      nobody
TALKING **     citizen, party                  -                      nobody
DIALLING       nobody; the agent has gone      -                      citizen
=============  ==============================  =====================  ============

``*`` after a swap. ``**`` the agent has left: citizen and third party go on without us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from models.errors import InvalidInput, TransitionRefused
from models.events import CallAnswered, CallStateChanged, CallTransferred
from models.vocabulary import AgentState, CallEventKind, CallState, ContactOutcome, PartyKind
from telephony.ari import ARIError, ARINotFound
from telephony.ari.tidy import tidily
from telephony.names import TONE, name
from telephony.parties import Party, Target
from telephony.presence import Agent

if TYPE_CHECKING:
    from telephony.conversation import Conversation

log = structlog.get_logger(__name__)

_RINGING_TONE = "tone:ring"


class Consultation:
    """The others of one call. Every method is a step of the call.

    Implements :class:`telephony.parties.PartyKeeper`.
    """

    def __init__(self, session: Conversation) -> None:
        self._session = session
        self._ari = session.exchange.ari
        #: Who is asked, or to whom the call goes.
        self.party: Party | None = None
        #: Agent who has transferred the call and gone, until somebody has taken it.
        self._from_agent: str | None = None
        #: The call is on its way back to that agent.
        self._comes_back = False

    @property
    def party_is_heard(self) -> bool:
        """Whether the agent talks with the party, not with the citizen."""
        return self.party is not None and self.party.joined_at is not None and not self.party.held

    @property
    def handed_over(self) -> bool:
        """Citizen and third party go on without an agent of ours."""
        session = self._session
        return session.call.state is CallState.TALKING and session.agent is None

    # --- consult --------------------------------------------------------------------------------

    async def consult(self, target: Target) -> None:
        """The citizen hears music, the agent hears the other phone ring.

        :raises TransitionRefused: when the call, or the colleague, is not free for it.
        """
        session = self._session
        session.refuse_unless("咨询", CallState.TALKING, CallState.HELD)
        session.refuse_while_lost()
        before = self._invite(target)
        await session.part()
        session.enter(CallState.CONSULTING)
        session.agent_is(AgentState.CONSULT)
        self._changed(CallEventKind.CONSULT_BEGUN, detail={"with": target.name})
        await self._ring(target, before)
        await tidily(
            self._ari.channels.play(session.call.agent_channel, self._tone, media=_RINGING_TONE)
        )

    def _invite(self, target: Target) -> Agent | None:
        board, session = self._session.exchange.board, self._session
        if target.agent_id is None:
            return None
        if session.agent is not None and session.agent.agent_id == target.agent_id:
            raise TransitionRefused("不能转给或咨询自己", state=session.call.state)
        return board.invite(target.agent_id, session.call.id)

    async def _ring(self, target: Target, before: Agent | None) -> None:
        """Ring; when that fails at once the keeper's :meth:`left` puts the call back."""
        try:
            self.party = await self._session.party_lines.ring(
                target, self, seconds=self._seconds(target.kind), before=before
            )
        except ARIError as error:
            log.warning("party.cannot_ring", call_id=self._session.call.id, error=str(error))
            await self._not_reached("电话无法接通")
            raise TransitionRefused(
                f"{target.name}的电话无法接通", state=self._session.call.state
            ) from error

    def _seconds(self, kind: PartyKind) -> int:
        """For how long a phone rings."""
        telephony = self._session.exchange.settings.telephony
        inside = kind is PartyKind.AGENT
        return telephony.ring_seconds if inside else telephony.party_ring_seconds

    @property
    def _tone(self) -> str:
        return name(TONE, self._session.call.id)

    async def end(self) -> None:
        """Back to the citizen; the other leaves."""
        session = self._session
        session.refuse_unless("结束咨询", CallState.CONSULTING)
        session.refuse_while_lost()
        await self._drop_party("咨询结束")
        await session.bring_together()
        await self._leave_consult_room()
        session.back_to_talk()
        session.note(CallEventKind.CONSULT_ENDED, by=session.agent)

    async def swap(self) -> None:
        """Talk with the one who heard music; the other hears it now."""
        session, party = self._session, self._need_party("切换", CallState.CONSULTING)
        session.refuse_while_lost()
        if self.party_is_heard:
            await self._music_to(party)
            await session.bring_together()
            session.count_hold()
        else:
            await session.citizen_waits()
            await self._talk_with(party)
        self._changed()

    async def conference(self) -> None:
        """All three together."""
        session, party = self._session, self._need_party("三方通话", CallState.CONSULTING)
        session.refuse_while_lost()
        await self._into_talk(party)
        await session.bring_together()
        await self._leave_consult_room()
        session.count_hold()
        session.enter(CallState.CONFERENCE)
        self._show(AgentState.CONFERENCE)
        self._changed(CallEventKind.CONFERENCE_BEGUN, detail={"with": party.name})

    async def drop(self, party_id: str) -> None:
        """Hang up on the party: the consultation or the three-way is over."""
        party = self.party
        if party is None or party.id != party_id:
            raise InvalidInput("对方已不在通话中", [{"field": "party_id", "message": "已离开"}])
        if self._session.call.state is CallState.CONSULTING:
            await self.end()
            return
        self._session.refuse_unless("请出第三方", CallState.CONFERENCE)
        await self._drop_party("坐席请出")
        self._conference_over()

    async def withdraw(self, party: Party) -> None:
        """A colleague who was asked declines, or leaves by the own wish."""
        if party is self.party:
            reason = "对方拒接" if party.joined_at is None else "对方挂断"
            await self._session.party_lines.drop(party, reason)
            await self._not_reached(reason)

    # --- handing on -----------------------------------------------------------------------------

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
        before = self._invite(target)
        await session.part()
        await self._agent_goes(target)
        try:
            await self._ring(target, before)
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
        await session.on_agent_lost_for_good(f"转接到{to}")

    async def hand_over(self, party: Party) -> None:
        """The party takes the place of the agent, who is let go."""
        session, old = self._session, self._session.agent
        await self._into_talk(party)
        await session.bring_citizen_back()
        await self._leave_consult_room()
        await self._let_agent_go()
        self._from_agent = self._from_agent or (old.agent_id if old else None)
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
        await session.drop_agent_leg()
        session.agent = None

    def _taken_by(self, party: Party) -> None:
        """The call is the party's now, or runs without us."""
        session, board = self._session, self._session.exchange.board
        inside = party.kind in (PartyKind.AGENT, PartyKind.SUPERVISOR)
        back = self._comes_back
        self._comes_back = False
        session.count_hold()
        session.enter(CallState.TALKING)
        if inside and party.agent_id:
            board.move(party.agent_id, session.call.id, AgentState.TALKING)
            session.agent = board.get(party.agent_id)
            session.call.agent_id, session.call.agent_channel = party.agent_id, party.channel
            session.agent_contact = session.exchange.contacts.get(party.number)
            self.party = None
        else:
            self.party = party
        if not back:
            session.call.transfers += 1
        self._tell_transferred(party, inside)

    def _tell_transferred(self, party: Party, inside: bool) -> None:
        session = self._session
        sender = self._from_agent or ""
        facts = session.facts | {"agent_id": party.agent_id if inside else None}
        events = [CallTransferred(**facts, from_agent_id=sender, to_name=party.name)]
        if inside:
            session.save(*events, CallAnswered(**session.facts))
        else:
            session.save(*events, CallStateChanged(**facts, state=CallState.TALKING))
        waited = party.joined_at - party.rung_at if party.joined_at and party.rung_at else None
        session.note(
            CallEventKind.TRANSFERRED,
            actor=sender or "system",
            reason="对方已接通",
            detail={
                "to": party.name,
                "kind": party.kind,
                "rang_s": round(waited.total_seconds(), 1) if waited else None,
            },
        )
        self._from_agent = None

    # --- keys -----------------------------------------------------------------------------------

    async def press(self, digits: str) -> None:
        """Send keys to whom the agent talks with: the party's menu, else the citizen's line."""
        session = self._session
        session.refuse_unless(
            "发送按键", CallState.TALKING, CallState.CONSULTING, CallState.CONFERENCE
        )
        party = self.party
        to_party = party is not None and self.party_is_heard
        channel = party.channel if party and to_party else session.call.citizen_channel
        await self._ari.channels.send_dtmf(channel, digits)
        # Digits may be a password: only how many is written down.
        session.note(
            CallEventKind.KEYS,
            by=session.agent,
            detail={"to": party.name if party and to_party else "市民", "count": len(digits)},
        )

    # --- the party's phone ----------------------------------------------------------------------

    async def answered(self, party: Party) -> None:
        """See :class:`telephony.parties.PartyKeeper`."""
        session, board = self._session, self._session.exchange.board
        if party is not self.party:
            await session.party_lines.drop(party, "已不需要")
            return
        await tidily(self._ari.playbacks.stop(self._tone))
        if session.call.state is CallState.DIALLING:
            await self._into_talk(party)
            await session.bring_citizen_back()
            self._taken_by(party)
        elif session.agent_lost:
            await self._music_to(party)
            board.move(party.agent_id, session.call.id, AgentState.CONSULT)
        else:
            await self._talk_with(party)
            self._changed()

    async def left(self, party: Party) -> None:
        """See :class:`telephony.parties.PartyKeeper`."""
        if party is self.party:
            await self._not_reached(party.reason)

    async def _not_reached(self, reason: str) -> None:
        session, party = self._session, self.party
        self.party = None
        match session.call.state:
            case CallState.CONSULTING:
                await tidily(self._ari.playbacks.stop(self._tone))
                await self._consult_over(reason, held=party is not None and party.held)
            case CallState.CONFERENCE:
                self._conference_over(reason)
            case CallState.DIALLING:
                await self._come_back(reason)
            case CallState.TALKING if session.agent is None:
                await session.end(ContactOutcome.SERVED, f"{party.name if party else '对方'}挂断")

    async def _consult_over(self, reason: str, *, held: bool) -> None:
        """The other has gone by itself: the citizen waits on until the agent says otherwise."""
        session = self._session
        await self._leave_consult_room()
        if held:
            session.back_to_talk()
        else:
            await tidily(self._ari.channels.start_moh(session.call.citizen_channel))
            await session.agent_alone()
        session.note(CallEventKind.CONSULT_ENDED, reason=reason)

    def _conference_over(self, reason: str = "") -> None:
        self._session.back_to_talk()
        self._session.note(CallEventKind.CONFERENCE_ENDED, by=self._session.agent, reason=reason)

    async def _come_back(self, reason: str) -> None:
        """A transfer that nobody took: to the agent who made it, else to the line's head."""
        session = self._session
        session.note(CallEventKind.TRANSFER_FAILED, reason=reason)
        sender = session.exchange.board.get(self._from_agent or "")
        if self._comes_back or sender is None or not sender.reachable:
            self._comes_back, self._from_agent = False, None
            await session.on_agent_lost_for_good("转接未成")
            return
        self._comes_back = True
        session.exchange.board.invite(sender.agent_id, session.call.id, wrapping_up=True)
        target = Target(
            kind=PartyKind.AGENT,
            name=sender.agent_name,
            number=sender.extension,
            endpoint=f"PJSIP/{sender.extension}",
            agent_id=sender.agent_id,
        )
        try:
            await self._ring(target, None)
        except TransitionRefused:
            log.info("transfer.cannot_come_back", call_id=session.call.id)

    async def on_phone_reloaded(self, agent_id: str) -> None:
        """A colleague's page was loaded anew: that line is dead."""
        party = self.party
        if party is not None and party.agent_id == agent_id and party.joined_at is not None:
            await self._session.party_lines.drop(party, "对方页面已重新加载")
            await self._not_reached("对方页面已重新加载")

    # --- the agent's phone lost -----------------------------------------------------------------

    async def agent_lost(self) -> None:
        """The agent's phone is gone in the midst: the party is not left in silence."""
        if self._session.call.state is CallState.CONSULTING:
            if self.party_is_heard and self.party:
                await tidily(self._music_to(self.party))
            await tidily(self._session.citizen_waits())

    async def given_up(self) -> None:
        """The agent has put the receiver down in the midst: the other leaves, the citizen waits."""
        await self._drop_party("坐席挂断")
        await self._leave_consult_room()
        await tidily(self._session.citizen_waits())
        self._session.enter(CallState.HELD)
        self._session.note(CallEventKind.CONSULT_ENDED, reason="坐席挂断")

    async def agent_back(self) -> None:
        """The agent's phone is there again: on with the one who was heard last."""
        session, party = self._session, self.party
        if session.call.state is CallState.CONFERENCE:
            await session.bring_together()
            self._show(AgentState.CONFERENCE)
        elif party is not None and party.joined_at is not None:
            await self._talk_with(party)
            self._show(AgentState.CONSULT)
        else:
            self._show(AgentState.CONSULT)
        self._changed()

    async def agent_stays_away(self) -> bool:
        """The agent's phone did not come back; whether citizen and party go on without it."""
        party = self.party
        if party is None:
            return False
        if self._session.call.state is CallState.CONFERENCE:
            await self.hand_over(party)
            return True
        await self._drop_party("坐席电话中断")
        await self._leave_consult_room()
        return False

    # --- after a restart of our process ---------------------------------------------------------

    async def recover(self, rooms: dict[str, frozenset[str]]) -> bool:
        """Go on by who is in which room. False: nobody but citizen and agent takes part."""
        session = self._session
        self.party = next((one for one in session.party_lines if self._is_other(one)), None)
        citizen, agent = session.call.citizen_channel, session.call.agent_channel
        talk = rooms.get(session.talk_bridge, frozenset())
        self._from_agent = session.call.agent_id
        if self.party is None:
            return await self._recover_alone(agent)
        self.party.keeper = self
        if self.party.joined_at is not None:
            session.listen(self.party.leg, self.party.channel)
        if agent:
            await self._recover_with_agent(self.party, talk, rooms)
        elif {citizen, self.party.channel} <= talk:
            await self._let_agent_go()
            if session.call.state is not CallState.TALKING:
                self._taken_by(self.party)
            session.count_hold()
        elif session.call.state is CallState.DIALLING:
            await self._let_agent_go()
            session.party_lines.watch(self.party, self._seconds(self.party.kind))
            if self.party.joined_at is not None:
                await self.answered(self.party)
        else:
            session.call.state = CallState.CONSULTING
            self._music_noted(self.party)
            await tidily(self._music_to(self.party))
            await session.lose_agent("系统重启期间坐席电话中断")
        session.listen_to_both()
        return True

    def _is_other(self, party: Party) -> bool:
        own = party.channel == self._session.call.agent_channel
        return not own and party.kind is not PartyKind.SUPERVISOR

    async def _recover_alone(self, agent: str) -> bool:
        session, state = self._session, self._session.call.state
        if agent and state in (CallState.CONSULTING, CallState.CONFERENCE):
            await tidily(self._ari.bridges.ensure(session.talk_bridge, type="mixing"))
            await tidily(self._ari.bridges.add_channel(session.talk_bridge, agent))
        if not agent and state is CallState.DIALLING:
            await self._let_agent_go()
            await self._come_back("系统重启，转接中断")
            return True
        sender = session.exchange.board.get(session.call.agent_id or "")
        if not agent and (sender is None or sender.call_id != session.call.id):
            # The agent had left; the one who went on with the citizen has hung up meanwhile.
            await session.end(ContactOutcome.SERVED, "对方挂断")
            return True
        return False

    async def _recover_with_agent(
        self, party: Party, talk: frozenset[str], rooms: dict[str, frozenset[str]]
    ) -> None:
        session = self._session
        citizen, agent = session.call.citizen_channel, session.call.agent_channel
        if {citizen, party.channel} <= talk and agent not in talk:
            await self.hand_over(party)
            return
        if {citizen, party.channel} <= talk:
            session.call.state = CallState.CONFERENCE
            session.count_hold()
            self._show(AgentState.CONFERENCE)
        else:
            session.call.state = CallState.CONSULTING
            self._show(AgentState.CONSULT)
            if citizen in talk:
                self._music_noted(party)
            elif party.joined_at is None:
                session.party_lines.watch(party, self._seconds(party.kind))
            elif not {agent, party.channel} <= rooms.get(session.consult_bridge, frozenset()):
                await self._talk_with(party)
        self._changed()

    # --- inside ---------------------------------------------------------------------------------

    def _need_party(self, action: str, *states: CallState) -> Party:
        self._session.refuse_unless(action, *states)
        if self.party is None or self.party.joined_at is None:
            raise TransitionRefused(
                f"对方尚未接听，不能{action}", state=self._session.call.state, action=action
            )
        return self.party

    async def _talk_with(self, party: Party) -> None:
        session, ari = self._session, self._ari
        if party.held:
            await tidily(ari.channels.stop_moh(party.channel))
        await ari.bridges.ensure(session.consult_bridge, type="mixing")
        await ari.bridges.add_channel(
            session.consult_bridge, session.call.agent_channel, party.channel
        )
        session.party_lines.hold(party, False)
        self._show(AgentState.CONSULT)

    async def _music_to(self, party: Party) -> None:
        room = self._session.consult_bridge
        await tidily(self._ari.bridges.remove_channel(room, party.channel))
        await self._ari.channels.start_moh(party.channel)
        self._music_noted(party)

    def _music_noted(self, party: Party) -> None:
        self._session.party_lines.hold(party, True)

    async def _into_talk(self, party: Party) -> None:
        """To the citizen's room. A party who has just gone is refused; the event is on its way."""
        session = self._session
        try:
            if party.held:
                await tidily(self._ari.channels.stop_moh(party.channel))
            await self._ari.bridges.ensure(session.talk_bridge, type="mixing")
            await self._ari.bridges.add_channel(session.talk_bridge, party.channel)
        except ARINotFound as error:
            raise TransitionRefused("对方已挂断", state=session.call.state) from error
        session.party_lines.hold(party, False)

    async def _drop_party(self, reason: str) -> None:
        party, self.party = self.party, None
        if party is not None:
            await tidily(self._ari.playbacks.stop(self._tone))
            await self._session.party_lines.drop(party, reason)

    async def _leave_consult_room(self) -> None:
        await tidily(self._ari.bridges.destroy(self._session.consult_bridge))

    def _show(self, state: AgentState) -> None:
        """What the agent, and a colleague who takes part, are doing."""
        session = self._session
        session.agent_is(state)
        if self.party is not None and self.party.joined_at is not None:
            session.exchange.board.move(self.party.agent_id, session.call.id, state)

    def _changed(
        self, kind: CallEventKind | None = None, detail: dict[str, object] | None = None
    ) -> None:
        session = self._session
        session.save(CallStateChanged(**session.facts, state=session.call.state))
        if kind is not None:
            session.note(kind, by=session.agent, detail=detail)
