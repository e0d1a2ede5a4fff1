"""The call center: builds the parts, keeps them alive, and does what the console asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from config.floor import load_floor
from config.phone_book import load_phone_book
from config.queues import load_queues
from config.secrets import Secrets
from config.settings import Settings
from config.survey import load_survey
from config.urgency import load_urgency
from config.waiting import load_waiting
from models.bus import Bus
from models.callbacks import CallbackDesk, NoCallbacks
from models.clock import Clock, SystemClock
from models.errors import (
    NotFound,
    TransitionRefused,
)
from models.ports import (
    AlertPort,
    Floor,
    NoAlerts,
    Presence,
    SeatAccount,
    SpeechPort,
)
from models.progress import ProgressDesk
from models.store import Store
from models.tables import Call
from models.vocabulary import AgentState
from telephony.agent_desk import AgentDesk
from telephony.agents import Agent
from telephony.ari import ARIClient, ARIError
from telephony.ari.events import Event
from telephony.ari.tidy import tidily
from telephony.asterisk.prompts import Prompts
from telephony.booked_line import BookedLine
from telephony.callers import Callers
from telephony.claims import Claims
from telephony.conversation import Conversation
from telephony.directory import Directory
from telephony.distribution import WaitingLine
from telephony.distributor import Distributor
from telephony.exchange import Exchange
from telephony.expected_wait import HandlingTimes, WaitEstimates
from telephony.floor_view import agent_view, floor_view
from telephony.floor_watch import FloorWatch
from telephony.front_desk import FrontParts
from telephony.inheritance import Inheritance
from telephony.journal import CallerJournal
from telephony.media import MediaReceiver, local_address_towards
from telephony.neighbours import Neighbours
from telephony.presence import PresenceBoard
from telephony.presence_keeper import PresenceKeeper
from telephony.reconcile import Reconciler
from telephony.recording import Recordings
from telephony.records import Records
from telephony.seats import Seats
from telephony.shared_floor import SharedFloor
from telephony.stasis import WANTED, StasisRouter
from telephony.supervisor_desk import SupervisorDesk
from telephony.tap_watch import TapWatch
from telephony.trunk_watch import TrunkWatch
from telephony.trunks import Trunks
from telephony.voicemail import Voicemail
from telephony.waiting_ear import WaitingEar

log = structlog.get_logger(__name__)

#: How long :meth:`CallCenter.start` waits for Asterisk before going on without it.
_CONNECT_SECONDS = 10.0
#: Between looks whether what we know and what Asterisk has still agree.
_AUDIT_SECONDS = 30.0
_CLOCK_SECONDS = 0.25
_FLOOR_SECONDS = 0.5


class CallCenter:
    """Implements :class:`models.ports.CallControl`."""

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        store: Store,
        bus: Bus,
        speech: SpeechPort | None,
        clock: Clock | None,
        prompts: Prompts,
        alerts: AlertPort | None = None,
        progress: ProgressDesk | None = None,
        callbacks: CallbackDesk | None = None,
    ) -> None:
        self._store = store
        self._seats = Seats(settings.telephony, secrets, store)
        self._seating = asyncio.Lock()
        url = settings.asterisk.ari_url or f"http://127.0.0.1:{settings.asterisk.http_port}/ari"
        clock = clock or SystemClock()
        self._records = Records(store, bus, clock)
        queues, caller_rules = load_queues(settings.rules), load_waiting(settings.rules)
        zone = ZoneInfo(settings.timezone)
        watched = load_floor(settings.rules).alerts
        self._board = PresenceBoard(clock, self._on_presence, queues.agents, zone)
        front = FrontParts.built(settings, store, bus, clock, prompts, progress)
        #: The parts, for those who look in from inside; the console knows the port alone.
        self.exchange = Exchange(
            settings=settings,
            clock=clock,
            ari=ARIClient(
                url, settings.asterisk.ari_user, secrets.ari_password, settings.asterisk.app
            ),
            sounds=prompts,
            media=MediaReceiver(local_address_towards(url)),
            speech=speech,
            records=self._records,
            recordings=Recordings(settings.recordings_dir, settings.timezone),
            board=self._board,
            line=WaitingLine(
                queues, clock, timedelta(seconds=settings.telephony.adopt_after_seconds)
            ),
            queues=queues,
            callers=Callers(store, queues, clock),
            front=front,
            caller_rules=caller_rules,
            handling=HandlingTimes(caller_rules.expected_wait),
            alerts=alerts or NoAlerts(),
            survey=load_survey(settings.rules),
            trunks=Trunks(settings.telephony),
        )
        self.exchange.expected = WaitEstimates(self.exchange).of
        front.listen(bus, self.exchange)
        self.exchange.voice_level = watched.silence.level
        self._floor_watch = FloorWatch(self.exchange, watched)
        self.exchange.missed = self._floor_watch.missed
        self.leaders = SupervisorDesk(
            self.exchange, self._need_call, lambda: self._events.connected, self._view
        )
        book = load_phone_book(settings.rules)
        self._directory = Directory(settings, clock, self._board, store, book, self.exchange.trunks)
        self._router = StasisRouter(self.exchange, self._hang_up_stranger)
        self._reconciler = Reconciler(self.exchange, self._router, store)
        self._voicemail = Voicemail(store, self.exchange.recordings)
        self._journal = CallerJournal(settings, store, self.exchange.recordings, clock.now())
        self._events = self.exchange.ari.events(on_event=self._on_event, on_connect=self._agree)
        self._desk = AgentDesk(
            self.exchange, self._directory, self._need_call, lambda: self._events.connected
        )
        self._booked = BookedLine(self.exchange, callbacks or NoCallbacks(), self._desk.call_out)
        self._ear = WaitingEar(bus, self.exchange, queues, load_urgency(settings.rules))
        self._keeper = PresenceKeeper(self.exchange, self._reconciler.reread)
        self._distributor = Distributor(self.exchange, self._booked.give, self._spawn)
        self.exchange.distribute = front.surge.on_change = self._distributor.soon
        self._inheritance: Inheritance | None = None
        if settings.telephony.shared_floor:
            self._board.shared = True
            self._share(settings, store, clock)
        self._records.on_conflict = self._on_conflict
        self._tasks: set[asyncio.Task[None]] = set()

    def _share(self, settings: Settings, store: Store, clock: Clock) -> None:
        """There are other processes."""
        patience = settings.telephony.adopt_after_seconds
        neighbours = Neighbours(store, settings.asterisk.app, patience)
        self._inheritance = Inheritance(self.exchange, neighbours, self._reconciler)
        self.exchange.shared_floor = SharedFloor(
            store,
            Claims(store, clock, settings.asterisk.app),
            self._records,
            self._reconciler.reread,
            neighbours,
            self.exchange.line if settings.asterisk.apps else None,
        )

    # --- life -----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what an earlier process has left, and begin.

        An Asterisk that does not answer yet is tried again and again; until then the floor says
        that the exchange is offline.
        """
        if self._inheritance is not None:
            await self._inheritance.join()
            self._spawn(self._inheritance.run())
        await self._reconciler.restore()
        await self.exchange.front.start()
        await self._records.start()
        await self.exchange.media.start()
        await self._events.start()
        watches = (self._watch_clock, self._watch_floor, self._booked.watch, self._audit)
        trunks = TrunkWatch(self.exchange.settings, self.exchange.trunks, self.exchange.alerts)
        more = (self._floor_watch.run, TapWatch(self.exchange).run, trunks.run)
        for watch in (*watches, *more):
            self._spawn(watch())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._events.wait_connected()

    async def stop(self) -> None:
        """Stop, and write everything down. Calls are left as they are, to be taken up again."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._events.stop()
        sessions = list(self.exchange.sessions.values())
        await asyncio.gather(*(session.halt() for session in sessions))
        await self.exchange.front.stop()
        await self._records.stop()
        if self._inheritance is not None:
            await self._inheritance.leave()
        await self.exchange.media.stop()
        await self.exchange.ari.close()

    async def flush(self) -> None:
        """Wait until everything that has happened is stored."""
        await self._records.flush()

    async def _agree(self) -> None:
        """After each connect: ask for events, and learn what happened meanwhile."""
        ari = self.exchange.ari
        await ari.applications.subscribe(ari.app, "endpoint:PJSIP")
        try:
            await ari.applications.filter(ari.app, {"allowed": [{"type": kind} for kind in WANTED]})
        except ARIError as error:  # only makes us read more than we need
            log.info("ari.no_filter", error=str(error))
        await self._reconciler.run()
        await self._take_in_messages()

    async def _audit(self) -> None:
        while True:
            await asyncio.sleep(_AUDIT_SECONDS)
            if not self._events.connected:
                continue
            try:
                await self._reconciler.run()
                await self._take_in_messages()
            except ARIError as error:
                log.warning("audit.failed", error=str(error))
            except Exception:
                log.exception("audit.failed")

    async def _take_in_messages(self) -> None:
        living = {channel.id for channel in await self.exchange.ari.channels.list()}
        try:
            await self._voicemail.take_in(living)
            await self._records.flush()
            if self._records.all_stored:  # else whoever rings now looks like one nobody knows
                await self._journal.take_in(self.exchange.clock.now())
        except Exception:  # the files stay; the next audit tries again
            log.exception("voicemail.not_taken_in")

    async def _watch_clock(self) -> None:
        """End what ends by itself."""
        while True:
            await asyncio.sleep(_CLOCK_SECONDS)
            try:
                self._board.tick()
                self._distributor.tick()
            except Exception:  # the clock must go on whatever it strikes
                log.exception("clock.failed")

    async def _watch_floor(self) -> None:
        """What takes the database, apart from the clock."""
        while True:
            await asyncio.sleep(_FLOOR_SECONDS)
            await self._keeper.look()

    def _on_event(self, event: Event) -> None:
        self._router.on_event(event)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _hang_up_stranger(self, channel_id: str) -> None:
        self._spawn(tidily(self.exchange.ari.channels.hangup(channel_id)))

    # --- distribution and presence --------------------------------------------------------------

    def _on_presence(self, before: Agent | None, agent: Agent) -> None:
        self._keeper.changed(before, agent)

    def _on_conflict(self, agent_id: str) -> None:
        self._spawn(self._keeper.conflict(agent_id))

    # --- CallControl: looking -------------------------------------------------------------------

    def floor(self) -> Floor:
        """See :meth:`models.ports.CallControl.floor`."""
        return floor_view(self.exchange, self._events.connected)

    def presence(self, agent_id: str) -> Presence:
        """See :meth:`models.ports.CallControl.presence`."""
        agent = self._board.get(agent_id)
        if agent is not None:
            return agent_view(self.exchange, agent)
        return Presence(
            agent_id=agent_id,
            agent_name="",
            extension="",
            state=AgentState.OFFLINE,
            since=self.exchange.clock.now(),
        )

    def practice_phone(self, number: str) -> SeatAccount:
        """See :meth:`models.ports.CallControl.practice_phone`."""
        account = self._directory.practice_account(number)
        if account is None:
            raise NotFound(f"没有号码为 {number} 的练习电话", number=number)
        return self._seats.practice_account(account)

    # --- CallControl: agents --------------------------------------------------------------------

    async def sign_in(self, agent_id: str) -> SeatAccount:
        """See :meth:`models.ports.CallControl.sign_in`."""
        today = await self._reconciler.calls_today([agent_id])
        async with self._seating:  # a seat must not go to another before its taker sits
            at_work = {one.agent_id for one in self._board if one.state is not AgentState.OFFLINE}
            staff = await self._seats.of(agent_id, at_work)
            assert staff.extension is not None
            account = self._seats.account(staff.extension)
            skills, calls = staff.skills, today.get(agent_id, 0)
            self._board.sign_in(agent_id, staff.name, staff.extension, skills, calls)
        return account

    async def sign_out(self, agent_id: str) -> None:
        """See :meth:`models.ports.CallControl.sign_out`."""
        self._board.sign_out(agent_id)

    async def set_state(self, agent_id: str, state: AgentState, reason: str = "") -> Presence:
        """See :meth:`models.ports.CallControl.set_state`."""
        return self._view(self._board.choose(agent_id, state, reason))

    async def extend_wrap_up(self, agent_id: str) -> Presence:
        """See :meth:`models.ports.CallControl.extend_wrap_up`."""
        return self._view(self._board.extend_wrap_up(agent_id))

    def give_skills(self, agent_id: str, skills: Mapping[str, int]) -> None:
        """See :meth:`models.ports.CallControl.give_skills`."""
        self._board.give_skills(agent_id, skills)
        self.exchange.distribute()

    def _view(self, agent: Agent) -> Presence:
        return agent_view(self.exchange, agent)

    # --- CallControl: calls ---------------------------------------------------------------------

    @property
    def desk(self) -> AgentDesk:
        """See :attr:`models.ports.CallControl.desk`."""
        return self._desk

    async def hang_up(self, call_id: str, agent_id: str, survey: bool = True) -> None:
        """See :meth:`models.ports.CallControl.hang_up`."""
        if call_id not in self.exchange.sessions:
            await self._need_past_call(call_id)
            return
        await self._desk.hang_up(call_id, agent_id, survey)

    async def hold(self, call_id: str, agent_id: str) -> None:
        """See :meth:`models.ports.CallControl.hold`."""
        await self._desk.hold(call_id, agent_id)

    async def resume(self, call_id: str, agent_id: str) -> None:
        """See :meth:`models.ports.CallControl.resume`."""
        await self._desk.resume(call_id, agent_id)

    async def call_out(
        self,
        agent_id: str,
        number: str,
        order_id: str | None = None,
        callback_id: str | None = None,
    ) -> str:
        """See :meth:`models.ports.CallControl.call_out`."""
        return await self._desk.call_out(agent_id, number, order_id, callback_id)

    async def _need_call(self, call_id: str) -> Conversation:
        session = self.exchange.sessions.get(call_id)
        if session is not None:
            return session
        call = await self._need_past_call(call_id)
        raise TransitionRefused("通话已结束", state=call.state)

    async def _need_past_call(self, call_id: str) -> Call:
        async with self._store.read() as session:
            call = await session.get(Call, call_id)
        if call is None:
            raise NotFound("没有这个通话", call_id=call_id)
        return call
