"""The rooms of a call with others in it: who is put where, who hears music, whose phone rings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from models.errors import TransitionRefused
from models.events import CallStateChanged
from models.vocabulary import AgentState, CallDirection, CallEventKind, CallState, PartyKind
from telephony.ari import ARIError, ARINotFound
from telephony.ari.tidy import tidily
from telephony.names import TONE, name
from telephony.party import Party, Target

if TYPE_CHECKING:
    from telephony.conversation import Conversation

log = structlog.get_logger(__name__)


class Together:
    """Ground of :class:`telephony.consultation.Consultation`: moves lines between rooms."""

    def __init__(self, session: Conversation) -> None:
        self._session = session
        self._ari = session.exchange.ari
        #: Who is asked, or to whom the call goes.
        self.party: Party | None = None
        #: Agent who has transferred the call and gone, until somebody has taken it.
        self._from_agent: str | None = None
        #: The call is on its way back to that agent.
        self._comes_back = False
        #: The agent whose phone is lost had swapped back to the citizen.
        self._was_with_citizen = False

    @property
    def party_is_heard(self) -> bool:
        """Whether the agent talks with the party, not with the citizen."""
        return self.party is not None and self.party.joined_at is not None and not self.party.held

    @property
    def room(self) -> str:
        """Where the agent is, or will be as soon as the party has answered."""
        session, party = self._session, self.party
        with_citizen = party is not None and party.held
        consulting = session.call.state is CallState.CONSULTING and not with_citizen
        return session.consult_bridge if consulting else session.talk_bridge

    def _invite(self, target: Target) -> None:
        board, session = self._session.exchange.board, self._session
        if target.agent_id is None:
            return
        if session.agent is not None and session.agent.agent_id == target.agent_id:
            raise TransitionRefused("不能转给或咨询自己", state=session.call.state)
        inbound = session.call.direction is CallDirection.INBOUND
        board.invite(target.agent_id, session.call.id, counts=inbound)

    async def _ring(self, target: Target) -> None:
        """Ring; when that fails at once the keeper's :meth:`left` puts the call back."""
        try:
            self.party = await self._session.party_lines.ring(
                target, self, seconds=self._seconds(target.kind)
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

    async def _not_reached(self, reason: str) -> None:
        """The other has gone, or never came: the call is put back."""
        raise NotImplementedError

    async def answered(self, party: Party) -> None:
        """See :class:`telephony.parties.PartyKeeper`."""
        raise NotImplementedError

    async def left(self, party: Party) -> None:
        """See :class:`telephony.parties.PartyKeeper`."""
        raise NotImplementedError

    async def _leave_consult_room(self) -> None:
        await tidily(self._ari.bridges.destroy(self._session.consult_bridge))

    def _show(self, state: AgentState) -> None:
        """What the agent, and a colleague who takes part, are doing."""
        session = self._session
        session.agent_is(state)
        if self.party is not None and self.party.joined_at is not None:
            session.exchange.board.move(self.party.agent_id, session.call.id, state)

    def _all_three(self, party: Party) -> None:
        """Citizen, agent and party are in one room."""
        self._session.enter(CallState.CONFERENCE)
        self._show(AgentState.CONFERENCE)
        self._changed(CallEventKind.CONFERENCE_BEGUN, detail={"with": party.name})

    def _changed(
        self, kind: CallEventKind | None = None, detail: dict[str, object] | None = None
    ) -> None:
        session = self._session
        session.save(CallStateChanged(**session.facts, state=session.call.state))
        if kind is not None:
            session.note(kind, by=session.agent, detail=detail)
