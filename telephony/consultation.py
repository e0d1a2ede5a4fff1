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

from models.errors import InvalidInput
from models.vocabulary import AgentState, CallEventKind, CallState, ContactOutcome, PartyKind
from telephony.ari.tidy import tidily
from telephony.handing_on import HandingOn
from telephony.party import Party, Target

_RINGING_TONE = "tone:ring"


class Consultation(HandingOn):
    """The others of one call. Every method is a step of the call.

    Implements :class:`telephony.parties.PartyKeeper`.
    """

    # --- consult --------------------------------------------------------------------------------

    async def consult(self, target: Target) -> None:
        """The citizen hears music, the agent hears the other phone ring.

        :raises TransitionRefused: when the call, or the colleague, is not free for it.
        """
        session = self._session
        session.refuse_unless("咨询", CallState.TALKING, CallState.HELD)
        session.refuse_while_lost()
        self._invite(target)
        await session.part()
        session.enter(CallState.CONSULTING)
        session.agent_is(AgentState.CONSULT)
        self._changed(CallEventKind.CONSULT_BEGUN, detail={"with": target.name})
        await self._ring(target)
        await tidily(
            self._ari.channels.play(session.call.agent_channel, self._tone, media=_RINGING_TONE)
        )

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
        self._all_three(party)

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
                held = party is not None and party.held and not session.agent_lost
                await self._consult_over(reason, held=held)
            case CallState.CONFERENCE if session.agent_lost:
                await session.citizen_waits()
                await session.agent_alone()
                session.note(CallEventKind.CONFERENCE_ENDED, reason=reason)
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
            self._was_with_citizen = self.party is not None and self.party.held
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
            await self._back_to_who_was_heard(party)
            self._show(AgentState.CONSULT)
        else:
            self._show(AgentState.CONSULT)
        self._changed()

    async def _back_to_who_was_heard(self, party: Party) -> None:
        session = self._session
        if self._was_with_citizen and party.held:
            await session.bring_together()
            session.count_hold()
        else:
            await self._talk_with(party)

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
        if not agent and (sender is None or not sender.has(session.call.id)):
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
                session.count_hold()
            elif party.joined_at is None:
                session.party_lines.watch(party, self._seconds(party.kind))
            elif not {agent, party.channel} <= rooms.get(session.consult_bridge, frozenset()):
                await self._talk_with(party)
        self._changed()
