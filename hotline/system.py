"""The house, wired: every part built once, started in order, stopped in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from aiohttp import web

from agent_console.accounts import seed_demo_staff
from agent_console.app import create_app
from agent_console.services import ConsoleServices
from config.floor import load_floor
from config.ports import require_free_port
from config.self_service import load_self_service
from config.settings import Settings
from config.urgency import load_urgency
from dispatch.calendar_watch import CalendarWatch
from dispatch.directory.catalogue_book import CatalogueBook
from dispatch.floor.alerts import Alerts
from dispatch.floor.callbacks import CallbackBook
from dispatch.floor.disk_watch import DiskWatch
from dispatch.floor.duties import FloorDuties
from dispatch.floor.left_drafts import LeftDraftWatch
from dispatch.floor.messages import MessageDrafts
from dispatch.floor.nuisance import NuisanceList
from dispatch.floor.owed_calls import OwedCalls
from dispatch.floor.progress import PhoneProgress
from dispatch.floor.recordings import RecordingRegister
from dispatch.floor.retention import Retention
from dispatch.floor.risk_words import RiskWords
from dispatch.floor.service_level_watch import ServiceLevelWatch
from dispatch.floor.surge import SurgeDesk
from dispatch.hot.grouping import EventGrouping
from dispatch.hot.watch import EventWatch
from dispatch.kept_files import KeptFiles
from dispatch.kept_levels import KeptLevels
from dispatch.order_timers import OrderTimers
from dispatch.service import OrderService
from dispatch.timers import Timekeeper
from hotline.ground import lay_ground
from hotline.knowledge import start_knowledge
from hotline.telling import start_telling
from hotline.text_model import ModelWatch, load_understander
from models.events import SpeechModeChanged, UtteranceHeard
from models.outbox import OutboxRelay
from models.speech import LegMode, SpeechProfile, Utterance
from models.understanding import Understanding
from nlp.catch_up import CatchUp
from nlp.knowledge.live import LiveKnowledge
from nlp.live import LiveUnderstanding
from nlp.similar.orders import OrderIndex
from nlp.speech.files import transcribe_file
from nlp.speech.service import SpeechService
from nlp.text.understander import Understander
from nlp.transcripts import TranscriptStore
from telephony.asterisk.process import AsteriskProcess
from telephony.asterisk.prompts import Prompts, make_prompts
from telephony.call_center import CallCenter

log = structlog.get_logger(__name__)

#: So often it is looked whether another version of the text model is to be used.
_MODEL_WATCH_SECONDS = 5.0

#: A command that is sent again after this time is a new one.
KEYS_KEPT = timedelta(days=7)
#: An open page must not hold up the stop.
SHUTDOWN_SECONDS = 3.0


class System:
    """The running hotline: ``async with System(settings): …``"""

    def __init__(self, settings: Settings, tell: Callable[[str], object] = log.info) -> None:
        """:param tell: gets each step of the start, in words: the first start takes minutes."""
        self._tell = tell
        self.ground = ground = lay_ground(settings)
        self.watched = load_floor(settings.rules).alerts
        pause = timedelta(seconds=self.watched.pause_seconds)
        self.alerts = Alerts(ground.store, ground.bus, ground.clock, pause=pause)
        RiskWords(
            ground.store,
            ground.bus,
            self.alerts,
            ground.clock,
            load_urgency(settings.rules),
            self.watched.risk_words.level,
        )
        self.owed_calls = OwedCalls(
            ground.store,
            ground.bus,
            ground.clock,
            ground.rules.callers.callbacks,
            self.alerts,
            ground.rules.zone,
        )
        self.messages = MessageDrafts(ground.store, ground.bus, ground.clock)
        self.settings = settings
        self.recordings = self._recordings()
        self.alike = OrderIndex(ground.store, ground.bus, settings.var / "similar")
        grouping = EventGrouping(ground.store, ground.clock, ground.rules, self.alike)
        self.event_watch = EventWatch(
            ground.store, ground.bus, ground.clock, ground.rules, grouping, self.alerts
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> System:
        """Start everything; when a later part fails, what was started is stopped again."""
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stop everything we started, the last first."""
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        web_settings = self.settings.web
        require_free_port("tcp", web_settings.host, web_settings.port, "web.port", "控制台")
        stack.push_async_callback(self.ground.store.close)
        self._tell("准备数据库")
        await self.ground.store.migrate()
        await KeptLevels(self.ground.store, self.ground.clock, self.ground.rules).keep()
        if self.settings.demo:
            password = self.ground.secrets.demo_password
            await seed_demo_staff(self.ground.store, password, self.settings)
        prompts = await self._start_exchange(stack)
        speech = await self._start_speech(stack)
        transcripts = TranscriptStore(self.ground.store)
        catch_up = self._catch_up(speech, transcripts)
        self._tell("加载文本理解模型（首次启动时先训练，约需一分钟）")
        understander = await asyncio.to_thread(load_understander, self.settings)
        understanding = self._understanding(understander, transcripts)
        await self._keep_catalogue(understander, stack)
        await self._watch_model(understander, stack)
        calls = self._call_center(speech, prompts)
        model = understander.classifier.model
        self._tell("准备知识库")
        knowledge = await start_knowledge(self.ground, model, transcripts, stack)
        app = self._console(speech, understander, understanding, calls, knowledge)
        await self._start_events(stack)
        await calls.start()
        stack.push_async_callback(calls.stop)
        await catch_up.start()
        stack.push_async_callback(catch_up.stop)
        await self.alike.start()
        stack.push_async_callback(self.alike.stop)
        await self._start_duties(stack)
        await self._keep_time(stack)
        await start_telling(self.ground, stack)
        await self._keep_recordings(stack)
        await self._serve(app, stack)

    async def _start_exchange(self, stack: AsyncExitStack) -> Prompts:
        """Our own Asterisk, unless the settings name another."""
        self._tell("合成语音提示（首次启动时约需半分钟），启动电话交换机")
        prompts = await make_prompts(self.settings)
        if self.settings.asterisk.ari_url:
            log.info("exchange of the settings", ari_url=self.settings.asterisk.ari_url)
            return prompts
        exchange = AsteriskProcess(
            settings=self.settings, secrets=self.ground.secrets, prompts=prompts
        )
        stack.push_async_callback(exchange.stop)
        found = await exchange.ensure_running()
        log.info("exchange ready", found_running=found)
        return prompts

    async def _start_speech(self, stack: AsyncExitStack) -> SpeechService:
        """Without a model it starts all the same, and says why there is no transcript."""
        speech = SpeechService(self.settings, self._heard, self._mode_changed)
        stack.push_async_callback(speech.stop)
        self._tell("加载语音识别模型")
        await speech.start()
        return speech

    async def _heard(self, utterance: Utterance) -> None:
        await self.ground.bus.publish(UtteranceHeard(utterance=utterance))

    async def _mode_changed(self, now: LegMode) -> None:
        event = SpeechModeChanged(call_id=now.call_id, leg=now.leg, mode=now.mode)
        await self.ground.bus.publish(event)

    def _catch_up(self, speech: SpeechService, transcripts: TranscriptStore) -> CatchUp:
        async def transcribe(path: Path, profile: SpeechProfile) -> list[Utterance]:
            return await transcribe_file(speech, path, profile=profile)

        transcripts.subscribe(self.ground.bus)
        return CatchUp(
            self.ground.store,
            self.ground.bus,
            transcripts,
            transcribe,
            self.settings.recordings_dir,
            lambda: speech.status.model,
        )

    def _understanding(
        self, understander: Understander, transcripts: TranscriptStore
    ) -> LiveUnderstanding:
        def understand(text: str, now: datetime) -> Understanding:
            return understander.understand(text, now=now)

        return LiveUnderstanding(understand, transcripts, self.ground.bus, self.ground.clock)

    def _call_center(self, speech: SpeechService, prompts: Prompts) -> CallCenter:
        ground = self.ground
        return CallCenter(
            ground.settings,
            ground.secrets,
            ground.store,
            ground.bus,
            speech,
            ground.clock,
            prompts,
            self.alerts,
            self._progress(),
            CallbackBook(
                ground.store,
                ground.clock,
                ground.rules.callers.callbacks,
                ground.settings.telephony,
            ),
        )

    def _progress(self) -> PhoneProgress:
        """What citizens on the phone may hear of their orders."""
        ground = self.ground
        wording = load_self_service(ground.settings.rules)
        return PhoneProgress(ground.store, ground.clock, ground.rules, wording)

    def _console(
        self,
        speech: SpeechService,
        understander: Understander,
        understanding: LiveUnderstanding,
        calls: CallCenter,
        knowledge: LiveKnowledge,
    ) -> web.Application:
        ground = self.ground
        services = ConsoleServices(
            settings=ground.settings,
            secrets=ground.secrets,
            store=ground.store,
            bus=ground.bus,
            rules=ground.rules,
            clock=ground.clock,
            call_control=calls,
            alerts=self.alerts,
            alike=self.alike,
            knowledge=knowledge,
            speech_status=lambda: speech.status,
            speech_modes=speech.modes,
            text_model=lambda: understander.version,
            known_words=understander.known_words,
            proposal=understanding.latest,
            demo=ground.settings.demo,
        )
        return create_app(services)

    async def _start_events(self, stack: AsyncExitStack) -> None:
        """After everyone has subscribed."""
        await self.ground.bus.start()
        stack.push_async_callback(self.ground.bus.stop)
        relay = OutboxRelay(self.ground.store, self.ground.bus, self.ground.clock)
        await relay.start()
        stack.push_async_callback(relay.stop)

    def _recordings(self) -> RecordingRegister:
        ground, folder = self.ground, self.settings.recordings_dir
        register = RecordingRegister(ground.store, ground.clock, folder, ground.rules.retention)
        register.subscribe(ground.bus)
        return register

    async def _start_duties(self, stack: AsyncExitStack) -> None:
        """What the floor does by itself, minute by minute."""
        ground = self.ground
        surge = SurgeDesk(ground.store, ground.clock, ground.rules, self.alerts)
        blocks = NuisanceList(ground.store, ground.clock)
        duties = FloorDuties([
            self.owed_calls.look,
            blocks.expire,
            surge.check,
            self.event_watch.look,
        ])  # fmt: skip
        await duties.start()
        stack.push_async_callback(duties.stop)
        level = self.watched.service_level
        watch = ServiceLevelWatch(ground.store, ground.clock, self.alerts, level)
        levels = FloorDuties([watch.look], every_seconds=level.look_every_seconds)
        await levels.start()
        stack.push_async_callback(levels.stop)

    async def _watch_model(self, understander: Understander, stack: AsyncExitStack) -> None:
        watch = ModelWatch(self.settings, understander)
        duties = FloorDuties([watch.look], every_seconds=_MODEL_WATCH_SECONDS)
        await duties.start()
        stack.push_async_callback(duties.stop)

    async def _keep_catalogue(self, understander: Understander, stack: AsyncExitStack) -> None:
        """Both sides that ask whose a matter is see a new version within a minute."""
        ground = self.ground
        book = CatalogueBook(ground.store, ground.clock, ground.rules)
        book.fill(understander.resources.catalogues)
        await book.enter_file()
        duties = FloorDuties([book.refresh])
        await duties.start()
        stack.push_async_callback(duties.stop)

    async def _keep_time(self, stack: AsyncExitStack) -> None:
        """What orders owe at a time; and idempotency keys do not stay for ever."""
        ground = self.ground
        orders = OrderService(ground.store, ground.clock, ground.rules)
        timers = OrderTimers(orders)
        keeper = Timekeeper(
            ground.store, ground.clock, timers.handlers, timers.lock, timers.together
        )
        await keeper.start()
        stack.push_async_callback(keeper.stop)

        async def forget() -> int:
            return await orders.forget_done(ground.clock.now() - KEYS_KEPT)

        calendar = CalendarWatch(ground.store, orders, self.alerts)
        drafts = LeftDraftWatch(
            ground.store, ground.clock, ground.rules, self.alerts, self.watched.left_draft
        )
        for duty, seconds in ((forget, 3600), (calendar.look, 600), (drafts.look, 60)):
            duties = FloorDuties([duty], every_seconds=seconds)
            await duties.start()
            stack.push_async_callback(duties.stop)

    async def _keep_recordings(self, stack: AsyncExitStack) -> None:
        """By themselves: to enter what an outage has left may take long."""
        ground, settings = self.ground, self.settings
        enough = settings.telephony.recordings_free_mb
        disk = DiskWatch(settings.recordings_dir, enough, self.alerts)
        retention = Retention(ground.store, ground.clock, settings, ground.rules)
        files = KeptFiles(ground.store, ground.clock, settings, ground.rules)
        rounds = [disk.look, self.recordings.look, retention.daily, files.daily]
        duties = FloorDuties(rounds)
        await duties.start()
        stack.push_async_callback(duties.stop)

    async def _serve(self, app: web.Application, stack: AsyncExitStack) -> None:
        runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_SECONDS, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self.settings.web.host, self.settings.web.port)
        await site.start()
