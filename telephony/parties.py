"""Everyone in a call besides the citizen: rung on a line of their own, recorded and heard apart.

The agent, a colleague, a department's expert, 110. Each time on the line is one row of
``call_parties`` with one channel and one recording of what this party says.

- ``await party_lines.ring(target, keeper)`` rings somebody; the keeper's ``answered(party)`` and
  ``left(party)`` tell what becomes of it. ``await party_lines.drop(party, reason)`` hangs up.
- ``party_lines.enter(...)`` only notes somebody whose channel another part has rung (the agent's
  own phone, a shift leader's line), ``party_lines.leave(channel, reason)`` that it is over.
- ``await session.consultation.hand_over(party)`` makes a party the one whose call it is; the agent
  who had it is let go (attended transfer, warm transfer, take over).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import structlog

from models.events import CallPartyChanged
from models.ids import new_id
from models.ports import PartyView
from models.vocabulary import AgentState, PartyKind
from telephony import causes
from telephony.agents import Agent
from telephony.ari import ARIError
from telephony.ari.events import StasisStart
from telephony.ari.tidy import tidily
from telephony.names import PARTY, kind_of, name
from telephony.party import Party, PartyKeeper, Target
from telephony.seat_phones import RING_MARGIN_SECONDS

if TYPE_CHECKING:
    from telephony.session import CallSession

log = structlog.get_logger(__name__)

_NO_ANSWER_CAUSE = 19


class PartyLines:
    """The parties of one call. Every method is called from a step of the call."""

    def __init__(self, session: CallSession) -> None:
        self._session = session
        self._present: dict[str, Party] = {}
        self._rung = 0
        #: Files of what rung parties said, below the recordings folder.
        self.recordings: list[str] = []

    # --- looking --------------------------------------------------------------------------------

    @property
    def any_rung(self) -> bool:
        """Whether anybody was rung besides the agent."""
        return self._rung > 0

    def __iter__(self) -> Iterator[Party]:
        return iter(list(self._present.values()))

    def on(self, channel_id: str) -> Party | None:
        """The party of a channel."""
        return next((one for one in self._present.values() if one.channel == channel_id), None)

    def of_agent(self, agent_id: str) -> Party | None:
        """A colleague who is rung or on the line."""
        return next((one for one in self._present.values() if one.agent_id == agent_id), None)

    def needs(self, channel_id: str) -> bool:
        """Whether a channel belongs to somebody who is still here."""
        return self.on(channel_id) is not None

    def views(self) -> tuple[PartyView, ...]:
        """Everybody besides the citizen and the agent whose call it is."""
        others = [one for one in self if one.channel != self._session.call.agent_channel]
        return tuple(one.view() for one in others if one.kind is not PartyKind.SUPERVISOR)

    # --- ringing --------------------------------------------------------------------------------

    async def ring(self, target: Target, keeper: PartyKeeper, *, seconds: int) -> Party:
        """Ring somebody. First written, then done, so that a new process finds the line again.

        :raises ARIError: when the line is not there; the party has left by then.
        """
        self._rung += 1
        party = self._rung_party(target, keeper)
        self._present[party.id] = party
        self._tell(party, "ringing")
        await self._session.exchange.records.stored()
        try:
            await self._originate(party, target.endpoint, seconds)
        except ARIError:
            self._leave(party, "电话无法接通")
            raise
        self.watch(party, seconds)
        return party

    def _rung_party(self, target: Target, keeper: PartyKeeper) -> Party:
        call = self._session.call
        return Party(
            id=target.party_id,
            call_id=call.id,
            kind=target.kind,
            name=target.name,
            number=target.number,
            agent_id=target.agent_id,
            channel=name(PARTY, call.id, self._rung),
            rung_at=self._session.now(),
            rung_by=target.rung_by,
            summoned=target.summoned,
            keeper=keeper,
        )

    async def _originate(self, party: Party, endpoint: str, seconds: int) -> None:
        call, exchange = self._session.call, self._session.exchange
        party.tried.append(endpoint)
        file = exchange.recordings.path_for(call.id, call.started_at, f"party-{self._rung}.wav")
        # Outside our house nobody may see a number that is not ours.
        hotline = call.access_number or exchange.settings.telephony.hotline_number
        shown = call.citizen_number if party.agent_id else hotline
        variables = {"RECORDING": str(file), **exchange.comes_to_us("party", call.id)}
        if party.agent_id:
            variables |= {
                "PJSIP_HEADER(add,X-Call-Id)": call.id,
                "PJSIP_HEADER(add,X-Call-Direction)": call.direction.value,
                "PJSIP_HEADER(add,X-Party-Id)": party.id,
            }
        await exchange.ari.channels.originate(
            party.channel,
            endpoint,
            context="seat-leg" if party.agent_id else "citizen-leg",
            extension="leg",
            caller_id=f'"{shown}" <{shown}>',
            ring_seconds=seconds,
            variables=variables,
        )

    def watch(self, party: Party, seconds: int) -> None:
        """The party's phone rings: for how long at most."""
        self._session.after(
            seconds + RING_MARGIN_SECONDS, f"ring {party.id}", lambda: self._overdue(party)
        )

    async def _overdue(self, party: Party) -> None:
        """Asterisk should have told long ago that nobody answered."""
        if party.id in self._present and party.joined_at is None:
            await tidily(self._session.exchange.ari.channels.hangup(party.channel))
            await self._gone(party, causes.in_words(_NO_ANSWER_CAUSE))

    # --- events of Asterisk ---------------------------------------------------------------------

    async def on_start(self, event: StasisStart) -> None:
        """A party's line came into our hands: answered, and being recorded."""
        party = self.on(event.channel.id)
        if party is None:  # given up meanwhile
            await tidily(self._session.exchange.ari.channels.hangup(event.channel.id))
        elif party.joined_at is None:
            self._session.seen.add(party.channel)
            self._session.cancel_timer(f"ring {party.id}")
            party.joined_at = party.recording_at = self._session.now()
            path = event.channel.channelvars.get("RECORDING", "")
            party.recording = self._session.exchange.recordings.relative(path)
            self.recordings.append(party.recording)
            self._tell(party, "joined")
            self._session.listen(party.leg, party.channel)
            if party.keeper is not None:
                await party.keeper.answered(party)

    async def on_gone(self, channel_id: str, cause: int) -> None:
        """A party's line is no more."""
        party = self.on(channel_id)
        if party is not None and not await self._rung_otherwise(party, cause):
            hung_up = party.joined_at is not None and cause in causes.NORMAL
            await self._gone(party, "对方挂断" if hung_up else causes.in_words(cause))

    async def _rung_otherwise(self, party: Party, cause: int) -> bool:
        """A gateway that fails says nothing of whom we ring: whether another one rings now."""
        way = self._session.exchange.trunks.other_way(party.tried, cause)
        if party.joined_at is not None or way is None:
            return False
        self._rung += 1
        party.channel = name(PARTY, party.call_id, self._rung)
        self._tell(party, "ringing")
        seconds = self._session.exchange.settings.telephony.party_ring_seconds
        try:
            await self._originate(party, way, seconds)
        except ARIError:
            return False
        self.watch(party, seconds)
        return True

    async def _gone(self, party: Party, reason: str) -> None:
        self._leave(party, reason)
        if party.keeper is not None:
            await party.keeper.left(party)

    async def check(self, living: set[str]) -> None:
        """Parties whose end we missed leave now."""
        for party in list(self._present.values()):
            missed = party.channel in self._session.seen and party.channel not in living
            if missed and kind_of(party.channel) == PARTY:
                self._session.seen.discard(party.channel)
                await self._gone(party, "线路中断")

    # --- coming and going by our own will -------------------------------------------------------

    def enter(self, agent: Agent, kind: PartyKind, channel: str) -> Party:
        """Somebody whose channel another part has rung is on the line now. Told once."""
        known = self.on(channel)
        if known is not None:
            return known
        now, file = self._session.now(), self._session.recordings.of_line(channel)
        party = Party(
            id=new_id(),
            call_id=self._session.call.id,
            kind=kind,
            name=agent.agent_name,
            number=agent.extension,
            agent_id=agent.agent_id,
            channel=channel,
            rung_at=self._session.call.ringing_at,
            joined_at=now,
            recording=self._session.exchange.recordings.relative(file),
            recording_at=self._session.recordings.began(file.name) or now,
        )
        self._present[party.id] = party
        self._session.exchange.records.save_party(party.values())
        return party

    def leave(self, channel_id: str, reason: str = "") -> None:
        """Nobody is on this channel any more; it may be gone already."""
        party = self.on(channel_id)
        if party is not None:
            self._leave(party, reason)
        elif channel_id:
            self._session.taps.leave(channel_id)

    async def drop(self, party: Party, reason: str) -> None:
        """Hang up on somebody, or ring no longer. The keeper is not told."""
        if party.id in self._present:
            self._leave(party, reason)
            await tidily(self._session.exchange.ari.channels.hangup(party.channel))

    def hold(self, party: Party, held: bool) -> None:
        """The party hears music, or takes part again."""
        if party.held != held:
            party.held = held
            self._tell(party, "held" if held else "joined")

    def close(self, reason: str) -> list[str]:
        """The call is over for everybody; the channels that were theirs."""
        parties = list(self._present.values())
        for party in parties:
            self._leave(party, reason)
        return [party.channel for party in parties]

    # --- after a restart of our process ---------------------------------------------------------

    def restore(self, parties: Iterable[Party], living: set[str]) -> None:
        """Take over what an earlier process has written; who hung up meanwhile has left."""
        for party in parties:
            if kind_of(party.channel) == PARTY:
                self._rung = max(self._rung, int(party.channel.rpartition("-")[2]))
                self.recordings.append(party.recording)
            if party.left_at is None:
                self._present[party.id] = party
                if party.channel not in living:
                    self._leave(party, "系统重启期间挂断")
                elif party.joined_at is not None:
                    self._session.seen.add(party.channel)

    # --- inside ---------------------------------------------------------------------------------

    def _leave(self, party: Party, reason: str) -> None:
        self._present.pop(party.id, None)
        session = self._session
        session.seen.discard(party.channel)
        session.cancel_timer(f"ring {party.id}")
        session.taps.leave(party.channel)
        party.left_at, party.reason = session.now(), reason
        self._tell(party, "left")
        self._let_go(party)

    def _let_go(self, party: Party) -> None:
        """A colleague who was asked goes back to what was being done."""
        if party.kind is not PartyKind.AGENT or party.agent_id == session_agent(self._session):
            return
        board, talked = self._session.exchange.board, party.joined_at is not None
        if party.summoned and not talked:
            board.release(party.agent_id, party.call_id, AgentState.BUSY, "未接转回来电")
        elif not talked and party.reason == causes.in_words(_NO_ANSWER_CAUSE):
            self._missed(party)
        else:
            board.go_back(party.agent_id, party.call_id, talked=talked)

    def _missed(self, party: Party) -> None:
        """Who was ready and did not answer is not: the next caller would ring in vain, too."""
        exchange = self._session.exchange
        agent = exchange.board.get(party.agent_id or "")
        if agent is None or not agent.has(party.call_id):
            return
        if agent.before is None or agent.before.state is AgentState.READY:
            exchange.board.release(agent.agent_id, party.call_id, AgentState.BUSY, "未接来电")
            exchange.missed(party.call_id, agent)
        else:
            exchange.board.go_back(agent.agent_id, party.call_id)

    def _tell(self, party: Party, step: str) -> None:
        session = self._session
        events = []
        if party.channel != session.call.agent_channel and kind_of(party.channel) == PARTY:
            events = [
                CallPartyChanged(
                    **session.facts,
                    party_id=party.id,
                    kind=party.kind,
                    name=party.name,
                    number=party.number,
                    step=step,
                    reason=party.reason,
                )
            ]
        session.save()
        session.exchange.records.save_party(party.values(), *events)


def session_agent(session: CallSession) -> str | None:
    """Id of the agent whose call it is; None when nobody's."""
    return session.agent.agent_id if session.agent else None
