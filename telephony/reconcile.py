"""After every connect: what Asterisk really has, against what we know and what is written down.

Events tell only while we listen. So the present state is asked for, and each difference is made
good: calls that live are taken up, calls that ended meanwhile get their end, and what nobody needs
is removed from Asterisk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select

from models.store import Store
from models.tables import (
    AgentPresenceRow,
    AgentStateLogRow,
    Call,
    CallEventRow,
    CallParty,
    Staff,
)
from models.vocabulary import (
    WITH_CITIZEN,
    AgentState,
    CallDirection,
    CallEventKind,
    CallState,
    SupervisionKind,
)
from telephony.agents import IN_CALL, Agent, Before
from telephony.ari.tidy import tidily
from telephony.call import LiveCall
from telephony.conversation import Conversation
from telephony.exchange import Exchange
from telephony.expected_wait import REMEMBERED
from telephony.inbound import InboundCall
from telephony.names import (
    AGENT,
    BRIDGE_KINDS,
    CHANNEL_KINDS,
    CONSULT,
    EAR,
    MEDIA,
    PARTY,
    SNOOP,
    SPY,
    SUPERVISOR,
    TAP,
    WHISPER,
    call_of,
    kind_of,
)
from telephony.outbound import OutboundCall
from telephony.party import Party
from telephony.self_service import TOLD
from telephony.snapshot import Snapshot
from telephony.stasis import CALLER, StasisRouter
from telephony.unseen_ends import unseen_end

log = structlog.get_logger(__name__)

#: What a shift leader at another's call is shown to do.
WATCHING = frozenset(kind.label for kind in SupervisionKind)

#: What an agent does in a call of this state.
_AGENT_STATES = {
    CallState.RINGING: AgentState.RINGING,
    CallState.DIALLING: AgentState.OUTBOUND,
    CallState.TALKING: AgentState.TALKING,
    CallState.HELD: AgentState.HOLD,
    CallState.CONSULTING: AgentState.CONSULT,
    CallState.CONFERENCE: AgentState.CONFERENCE,
}


def _before(row: AgentPresenceRow) -> Before | None:
    if row.before_state is None:
        return None
    return Before(state=row.before_state, reason=row.before_reason, until=row.before_until)


class Reconciler:
    """Makes good what happened while nobody listened."""

    def __init__(self, exchange: Exchange, router: StasisRouter, store: Store) -> None:
        self._exchange = exchange
        self._router = router
        self._store = store
        #: Calls of an earlier process that were not ended; taken up at the first connect.
        self._left: list[Call] = []
        #: Who took part in them.
        self._parties: dict[str, list[Party]] = {}
        #: Those whose caller has heard in self-service how an order stands.
        self._served: set[str] = set()
        #: Those whose caller is on the nuisance list, and was told so.
        self._screened: set[str] = set()

    async def restore(self) -> None:
        """At start: agents, and the calls that an earlier process has left."""
        async with self._store.read() as session:
            rows = await session.execute(
                select(AgentPresenceRow, Staff).join(Staff, Staff.id == AgentPresenceRow.agent_id)
            )
            present = [(row, staff) for row, staff in rows]
        await self._find_left()
        await self._remember_handling_times()
        today = await self.calls_today([row.agent_id for row, _ in present])
        for row, staff in present:
            self._restore_agent(row, staff, today.get(row.agent_id, 0))

    async def _find_left(self) -> None:
        """Open calls that are ours and that we do not hold. What has ended here is stored first,
        lest it look like one of them.
        """
        held = set(self._exchange.sessions)
        await self._exchange.records.flush()
        ours = select(Call).where(Call.ended_at.is_(None)).order_by(Call.started_at)
        if self._elsewhere:
            ours = ours.where(Call.app == self._exchange.ari.app)
        async with self._store.read() as session:
            held |= {call.id for call in self._left} | self._exchange.sessions.keys()
            found = [call for call in await session.scalars(ours) if call.id not in held]
            ids = [call.id for call in found]
            for party in await session.scalars(select(CallParty).where(CallParty.call_id.in_(ids))):
                self._parties.setdefault(party.call_id, []).append(Party.from_row(party))
            of_these = select(CallEventRow.call_id).where(CallEventRow.call_id.in_(ids))
            told = of_these.where(
                CallEventRow.kind == CallEventKind.SELF_SERVICE, CallEventRow.reason == TOLD
            )
            self._served |= set(await session.scalars(told))
            screened = of_these.where(CallEventRow.kind == CallEventKind.SCREENED)
            self._screened |= set(await session.scalars(screened))
        self._left += found

    async def inherit(self) -> None:
        """Calls of another process have become ours."""
        await self._find_left()
        await self.run()

    async def _remember_handling_times(self) -> None:
        """What calls took before we were started, for the expected wait."""
        since = self._exchange.clock.now() - self._exchange.caller_rules.expected_wait.window
        query = (
            select(Call.answered_at, Call.ended_at)
            .where(Call.direction == CallDirection.INBOUND, Call.answered_at.is_not(None))
            .where(Call.ended_at > since)
            .order_by(Call.ended_at.desc())
            .limit(REMEMBERED)
        )
        wrap_up = timedelta(seconds=self._exchange.settings.telephony.wrap_up_seconds)
        async with self._store.read() as session:
            for answered_at, ended_at in reversed((await session.execute(query)).all()):
                if answered_at is not None and ended_at is not None:
                    self._exchange.handling.note(answered_at, ended_at, wrap_up)

    async def calls_today(self, agent_ids: Sequence[str]) -> dict[str, int]:
        """How many citizens' calls each has talked in since midnight, also those handed on: as the
        figures count them.
        """
        zone = ZoneInfo(self._exchange.settings.timezone)
        now = self._exchange.clock.now().astimezone(zone)
        midnight = datetime.combine(now.date(), time(), zone)
        of_today = (Call.direction == CallDirection.INBOUND, Call.started_at >= midnight)
        row = AgentStateLogRow
        talked = (
            select(row.agent_id, row.call_id)
            .join(Call, Call.id == row.call_id)
            .where(*of_today, Call.answered_at.is_not(None))
            .where(row.agent_id.in_(agent_ids), row.since >= midnight)
            .where(row.state.in_(WITH_CITIZEN))
            .distinct()
        )
        async with self._store.read() as session:
            return Counter(agent_id for agent_id, _ in await session.execute(talked))

    async def reread(self, agent_id: str) -> None:
        """Another process has changed this agent's row."""
        async with self._store.read() as session:
            row = await session.get(AgentPresenceRow, agent_id)
            staff = await session.get(Staff, agent_id)
        if row is not None and staff is not None:
            today = await self.calls_today([agent_id])
            self._restore_agent(row, staff, today.get(agent_id, 0))

    def _restore_agent(self, row: AgentPresenceRow, staff: Staff, calls_today: int) -> None:
        self._exchange.records.knows_version(row.agent_id, row.version)
        self._exchange.board.restore(
            Agent(
                agent_id=row.agent_id,
                agent_name=staff.name,
                extension=staff.extension or "",
                state=row.state,
                since=row.since,
                reason=row.reason,
                call_id=row.call_id,
                until=row.until,
                before=_before(row),
                idle_since=row.idle_since or row.since,
                skills=staff.skills,
                calls_today=calls_today,
                counted_on=self._exchange.board.today(),
                counted_call=None if row.state is AgentState.RINGING else row.call_id,
            )
        )

    async def run(self) -> None:
        """Compare and make good."""
        for endpoint in await self._exchange.ari.endpoints.list_by_tech("PJSIP"):
            self._exchange.board.phone(endpoint.resource, endpoint.state == "online")
            self._exchange.trunks.told(endpoint.resource, endpoint.state)
        known = [(session, set(session.seen)) for session in self._exchange.sessions.values()]
        now = await self._look()
        for session, seen in known:
            if seen - now.channels.keys():
                self._correct(session, now)
        taken_up = await self._take_up(now)
        await self._offer_new(now)
        self._free_agents(taken_up)
        await self._sweep(now)
        self._exchange.distribute()

    def _correct(self, session: Conversation, now: Snapshot) -> None:
        """Lines that we believed in are not there."""
        if now.is_younger_than(session.call):
            screened = isinstance(session, InboundCall) and session.front.screens
            recordings = self._exchange.recordings
            end = unseen_end(session.call, now, recordings, screened=screened)
            session.post(partial(session.end, *end))
        else:
            session.post(partial(session.check_lines, set(now.channels)))

    async def _look(self) -> Snapshot:
        ari = self._exchange.ari
        info = await ari.asterisk.get_info()
        channels = {channel.id: channel for channel in await ari.channels.list()}
        bridges = {bridge.id: bridge for bridge in await ari.bridges.list()}
        since = info.status.startup_time if info.status else None
        return Snapshot(channels=channels, bridges=bridges, running_since=since)

    # --- calls of an earlier process ------------------------------------------------------------

    async def _take_up(self, now: Snapshot) -> set[str]:
        """The calls that an earlier process had not ended; their ids."""
        left, self._left = self._left, []
        for row in left:
            session = self._session_for(row)
            legs = now.agent_legs(row.id)
            if row.citizen_channel in now.channels:
                log.info("call.taken_up", call_id=row.id, state=row.state)
                if row.state in _AGENT_STATES and (legs or row.agent_channel in now.channels):
                    self._exchange.board.take_up(row.agent_id, row.id, _AGENT_STATES[row.state])
                session.take_up(set(now.channels), legs, self._parties.pop(row.id, []))
                self._router.adopt(session)
                step = partial(session.recover, now.states(session), now.rooms(row.id))
                session.start(step)
            else:
                self._close(session, row, legs, now)
        return {row.id for row in left}

    def _session_for(self, row: Call) -> Conversation:
        self._exchange.records.knows_call(row)
        call = LiveCall.from_row(row)
        kind = InboundCall if row.direction is CallDirection.INBOUND else OutboundCall
        session = kind(self._exchange, call)
        session.agent = self._exchange.board.get(row.agent_id or "")
        return session

    def _close(self, session: Conversation, row: Call, legs: list[str], now: Snapshot) -> None:
        """Its citizen hung up while nobody listened."""
        session.take_up(set(now.channels), legs, self._parties.pop(row.id, []))
        outcome, reason = unseen_end(
            session.call,
            now,
            self._exchange.recordings,
            served=row.id in self._served,
            screened=row.id in self._screened,
        )
        log.info("call.closed_later", call_id=row.id, state=row.state, reason=reason)
        self._router.adopt(session)
        session.start(partial(session.end, outcome, reason, at=self._last_sign(row)))

    def _last_sign(self, row: Call) -> datetime:
        """When the call was last known to live: the recording tells it best."""
        recordings = self._exchange.recordings
        signs = [row.started_at, row.queued_at, row.ringing_at, row.answered_at]
        signs += [recordings.last_written(row.citizen_recording)]
        return min(max(sign for sign in signs if sign), self._exchange.clock.now())

    # --- what nobody told us of -----------------------------------------------------------------

    async def _offer_new(self, now: Snapshot) -> None:
        """Callers in our hands of whom we were not told."""
        shared, own = self._exchange.shared_floor, self._exchange.ari.app
        apps = {own, *(await shared.neighbours.inherited() if shared else ())}
        handed_over = {f"{app},{CALLER}" for app in apps}
        callers = {
            channel.id: channel
            for channel in now.channels.values()
            if channel.dialplan.app_name == "Stasis" and channel.dialplan.app_data in handed_over
        }
        known = await shared.known_callers(callers) if shared and callers else set()
        for channel_id in callers.keys() - known:
            self._router.offer(callers[channel_id])

    def _free_agents(self, taken_up: set[str]) -> None:
        """Agents who are noted with a call, or as leaders at one, that they are not at any more."""
        board = self._exchange.board
        for agent in board:
            watched = agent.state is AgentState.BUSY and agent.reason in WATCHING
            if watched and not self._elsewhere and not board.watches(agent.agent_id):
                board.give_back(agent.agent_id, "系统重启")
            if agent.state in IN_CALL and not self._is_at(agent, taken_up):
                board.give_back(agent.agent_id, "系统重启")

    @property
    def _elsewhere(self) -> bool:
        """Whether agents may be at calls of other processes."""
        return self._exchange.shared_floor is not None

    def _is_at(self, agent: Agent, taken_up: set[str]) -> bool:
        """Whether the agent takes part in the call. In one just taken up it must be written down:
        an earlier process may have died between reserving the agent and ringing.
        """
        session = self._exchange.sessions.get(agent.call_id or "")
        if session is None:
            return self._elsewhere and agent.call_id not in taken_up
        own = session.call.agent_id == agent.agent_id
        asked = session.party_lines.of_agent(agent.agent_id) is not None
        return own or asked or session.call.id not in taken_up

    async def _sweep(self, now: Snapshot) -> None:
        """Remove our channels and bridges that belong to no living call."""
        ari = self._exchange.ari
        channels = [key for key in now.channels if kind_of(key) in CHANNEL_KINDS]
        bridges = [key for key in now.bridges if kind_of(key) in BRIDGE_KINDS]
        lost = [key for key in channels if not self._needed(key)]
        empty = [key for key in bridges if not self._needed(key)]
        kept = await self._of_others({call_of(key) or "" for key in (*lost, *empty)})
        lost = [key for key in lost if call_of(key) not in kept]
        empty = [key for key in empty if call_of(key) not in kept]
        if lost or empty:
            log.info("exchange.swept", channels=lost, bridges=empty)
        await tidily(*(ari.channels.hangup(key) for key in lost))
        await tidily(*(ari.bridges.destroy(key) for key in empty))

    async def _of_others(self, call_ids: set[str]) -> set[str]:
        """Those that other processes may hold."""
        shared, strangers = self._exchange.shared_floor, call_ids - self._exchange.sessions.keys()
        return strangers - await shared.ended(strangers) if shared and strangers else set()

    def _needed(self, asterisk_id: str) -> bool:
        session = self._router.session_of(asterisk_id)
        if session is None:
            return False
        kind = kind_of(asterisk_id)
        if kind in (SNOOP, MEDIA, TAP):
            return asterisk_id in session.taps.ids()
        if session.supervision is not None and asterisk_id in session.supervision.ids():
            return True
        if kind in (SPY, EAR, WHISPER):
            return False
        if kind in (AGENT, SUPERVISOR):
            return asterisk_id == session.call.agent_channel
        if kind == PARTY:
            return session.party_lines.needs(asterisk_id)
        if kind == CONSULT:
            return session.call.state is CallState.CONSULTING
        return True
