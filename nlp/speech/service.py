"""Live recognition: streams spread over worker processes that may die without a call noticing."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable

import structlog

from config.lexicon import load_lexicon
from config.settings import Settings
from models.errors import SpeechUnavailable
from models.ids import new_id
from models.speech import Speaker, SpeechProfile, SpeechStatus, Utterance
from models.vocabulary import Leg, SpeechMode
from nlp.speech.correcting import Corrector
from nlp.speech.crew import Crew, Place
from nlp.speech.models import ModelInfo, find_model
from nlp.speech.protocol import (
    Kind,
    Opening,
    audio_frame,
    frame,
    open_frame,
    read_heard,
    read_progress,
)
from nlp.speech.room import LOOK_SECONDS, Room
from nlp.speech.stream import SpeechStream, StreamKey
from nlp.speech.telling import OnMode, OnUtterance, Teller

log = structlog.get_logger(__name__)

#: Recordings wait while a live leg is later than this.
_LATE_SECONDS = 2.0
#: How often a recording looks whether live legs leave it room.
_ROOM_SECONDS = 0.25
#: How often it is looked whether another model was chosen or installed.
_CHOICE_SECONDS = 2.0
#: How long a closing stream waits for its last words.
_FLUSH_SECONDS = 30.0
#: Stopping is not held up longer than this.
_STOP_SECONDS = 5.0
#: Sound that a recording may be ahead of its recognition, so that live streams are not held up.
_RECORDING_AHEAD_SECONDS = 1.0


class SpeechService:
    """Recognises any number of legs at once. Implements ``models.ports.SpeechPort``.

    ``feed`` and ``open`` belong to the event loop's thread. A stream stays with the model that it
    was opened with; :meth:`use` gives another model to those opened from then on.
    """

    def __init__(
        self,
        settings: Settings,
        on_utterance: OnUtterance,
        on_mode: OnMode | None = None,
    ) -> None:
        self._settings = settings
        self._reason = "语音识别尚未启动。"
        self._crew: Crew | None = None
        #: Crews of earlier models that still have streams.
        self._leaving: list[Crew] = []
        #: A chosen model that would not load: it is not tried again and again.
        self._refused: ModelInfo | None = None
        self._streams: dict[int, SpeechStream] = {}
        self._crew_of: dict[int, Crew] = {}
        self._owner: dict[int, Place] = {}
        self._numbers = itertools.count(1)
        self._tasks: list[asyncio.Task[None]] = []
        self._teller = Teller(on_utterance, on_mode)
        self._listeners: dict[int, OnUtterance] = {}
        self._corrector: Corrector | None = None
        self._room = Room(self._teller.mode, self._leave)

    @property
    def status(self) -> SpeechStatus:
        """Whether it works now, and if not, why."""
        if self._crew is None:
            return SpeechStatus(available=False, reason=self._reason)
        available = bool(self._crew.ready)
        return SpeechStatus(
            available=available,
            model=self._crew.model.label,
            practice=self._crew.model.practice,
            reason="" if available else self._reason or "语音识别进程正在启动。",
        )

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers that are alive."""
        return [pid for crew in self._crews() for pid in crew.pids]

    def modes(self, call_id: str) -> dict[Leg, SpeechMode]:
        """How each side of a running call is recognised."""
        own = (stream for stream in self._streams.values() if stream.key.call_id == call_id)
        return {stream.key.leg: stream.mode for stream in own}

    async def start(self) -> None:
        """Start the workers and wait until one is ready.

        Without a model, or when it does not load, this returns all the same: calls go on without
        live text, and :attr:`status` says why.
        """
        lexicon = await asyncio.to_thread(load_lexicon, self._settings.rules)
        self._corrector = Corrector(lexicon)
        for duty in (self._teller.run, self._make_room, self._heed_choice):
            self._tasks.append(asyncio.create_task(duty()))
        try:
            model = find_model(self._settings)
        except SpeechUnavailable as error:
            self._reason = str(error)
            log.warning("no speech recognition", reason=self._reason)
            return
        self._crew = Crew(model, self._settings.speech.workers, self)
        self._reason = ""
        await self._crew.start()

    async def use(self, model: ModelInfo) -> None:
        """Recognise what begins from now on with ``model``; what runs ends with its own.

        :raises SpeechUnavailable: when it does not load; all stays as it was.
        """
        crew = Crew(model, self._settings.speech.workers, self)
        await crew.start()
        if not crew.ready:
            await crew.stop()
            raise SpeechUnavailable(crew.places[0].failure)
        if self._crew is not None:
            self._leaving.append(self._crew)
        self._crew, self._reason = crew, ""
        await self._dismiss_idle()

    async def stop(self) -> None:
        """Flush the open streams and end the workers."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await asyncio.gather(*(stream.close() for stream in [*self._streams.values()]))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(crew.stop() for crew in self._crews()))
        self._tasks, self._leaving, self._crew = [], [], None
        self._reason = "语音识别已停止。"

    def open(
        self,
        call_id: str,
        leg: Leg,
        offset_s: float = 0.0,
        speaker: Speaker | None = None,
        *,
        opening: Opening | None = None,
    ) -> SpeechStream:
        """Begin a leg whose first sound lies ``offset_s`` seconds after the call's start.

        :raises SpeechUnavailable: when there is no model or no worker.
        """
        if not self.status.available:
            raise SpeechUnavailable(self.status.reason)
        number = next(self._numbers)
        token = new_id()
        key = StreamKey(call_id=call_id, leg=leg, offset=offset_s, token=token, speaker=speaker)
        stream = SpeechStream(number, key, opening or Opening(), self._forward, self._finish)
        assert self._crew is not None
        self._streams[number] = stream
        self._crew_of[number] = self._crew
        if self._room.admits(stream, self._legs_of_crew(self._crew)):
            self._assign(stream)
        else:
            self._leave(stream)
        return stream

    async def recognise(
        self,
        sound: bytes,
        rate: int,
        leg: Leg,
        on_progress: Callable[[float], None] | None = None,
        profile: SpeechProfile = SpeechProfile.DIALOGUE,
    ) -> list[Utterance]:
        """Recognise a whole recording: mono, signed 16 bit; times from its beginning.

        :raises SpeechUnavailable: also when a part of it could not be worked through.
        """
        heard: list[Utterance] = []
        stream = self.open("", leg, opening=Opening(rate=rate, partials=False, profile=profile))
        self._listeners[stream.number] = heard.append
        step = rate * 2 // 5
        try:
            for begin in range(0, len(sound), step):
                await self._let_live_legs_pass()
                await stream.feed_patiently(sound[begin : begin + step], _RECORDING_AHEAD_SECONDS)
                if on_progress:
                    on_progress(min(1.0, (begin + step) / len(sound)))
        finally:
            await stream.close()
            self._listeners.pop(stream.number, None)
        if not stream.complete:
            raise SpeechUnavailable(f"录音中有 {stream.lost_seconds:.0f} 秒未能识别。")
        return [utterance for utterance in heard if utterance.final and utterance.text]

    async def _let_live_legs_pass(self) -> None:
        """A recording can wait; who speaks now cannot."""
        while self._live_is_late():  # noqa: ASYNC110 - lag is a matter of time, not an event
            await asyncio.sleep(_ROOM_SECONDS)

    def _live_is_late(self) -> bool:
        live = (stream for stream in self._streams.values() if stream.opening.partials)
        return any(not stream.left and stream.lag_seconds > _LATE_SECONDS for stream in live)

    # -- streams to workers -------------------------------------------------------------------

    def _assign(self, stream: SpeechStream) -> None:
        """Give a stream to the worker with the fewest; without one it waits."""
        if stream.left:
            return
        ready = self._crew_of[stream.number].ready
        if not ready:
            self._owner.pop(stream.number, None)
            return
        loads = [sum(owner is place for owner in self._owner.values()) for place in ready]
        place = ready[loads.index(min(loads))]
        self._owner[stream.number] = place
        place.worker.send(open_frame(stream.number, stream.reopening()))
        for start, sound in stream.backlog.pieces():
            place.worker.send(audio_frame(stream.number, start, sound))
        if stream.closing:
            place.worker.send(frame(Kind.CLOSE, stream.number))

    def _forward(self, stream: SpeechStream, start: int, sound: bytes) -> None:
        if place := self._owner.get(stream.number):
            place.worker.send(audio_frame(stream.number, start, sound))

    def _finish(self, stream: SpeechStream) -> asyncio.Future[None]:
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if stream.left:
            closed.set_result(None)
            self._forget(stream)
            return closed
        if place := self._owner.get(stream.number):
            place.worker.send(frame(Kind.CLOSE, stream.number))
        asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self._give_up, stream)
        return closed

    def _give_up(self, stream: SpeechStream) -> None:
        """The last words did not come in time."""
        if stream.closed and not stream.closed.done():
            stream.give_up_backlog()
            stream.lost_samples += 1
            self._drop_at_worker(stream)
            self._close(stream)

    def _drop_at_worker(self, stream: SpeechStream) -> None:
        """It must not work through what nobody waits for."""
        if place := self._owner.pop(stream.number, None):
            place.worker.send(frame(Kind.DROP, stream.number))

    def _forget(self, stream: SpeechStream) -> None:
        self._streams.pop(stream.number, None)
        self._owner.pop(stream.number, None)
        self._crew_of.pop(stream.number, None)

    def _close(self, stream: SpeechStream) -> None:
        self._forget(stream)
        if stream.closed is not None:
            self._teller.all_told(stream.closed)

    # -- what workers say ---------------------------------------------------------------------

    def on_frame(self, place: Place, kind: Kind, number: int, payload: bytes) -> None:
        """A frame came from a worker."""
        stream = self._streams.get(number)
        if stream is None or self._owner.get(number) is not place:
            return
        if kind is Kind.HEARD:
            heard = read_heard(payload)
            stream.note_heard(heard)
            utterance = stream.key.utterance(heard)
            if self._corrector:
                utterance = self._corrector.corrected(utterance)
            self._queue(number, utterance)
        elif kind is Kind.PROGRESS:
            stream.note_progress(read_progress(payload))
        elif kind is Kind.CLOSED:
            self._close(stream)
        elif kind is Kind.FAILED:
            log.error("stream failed in its worker", call_id=stream.key.call_id, error=payload)
            stream.note_death()
            self._assign(stream)

    def on_ready(self, crew: Crew) -> None:
        """A worker has loaded: streams without one get it."""
        if crew is self._crew:
            self._reason = ""
        for stream in [*self._streams.values()]:
            if stream.number not in self._owner and self._crew_of[stream.number] is crew:
                self._assign(stream)

    def on_death(self, place: Place, reason: str) -> None:
        """A worker is gone: its streams go on elsewhere."""
        crew = place.crew
        if crew is self._crew:
            self._reason = reason
        orphans = [number for number, owner in self._owner.items() if owner is place]
        for number in orphans:
            del self._owner[number]
            self._streams[number].note_death()
        if place.failure and crew in self._leaving and not crew.ready:
            self._move_to_the_new_model(crew)
        for number in orphans:
            self._assign(self._streams[number])
        if orphans:
            log.warning("speech worker died", streams=len(orphans), reason=reason)

    def _move_to_the_new_model(self, crew: Crew) -> None:
        """The earlier model does not load any more (it was deleted): better another than none."""
        assert self._crew is not None
        for number, its in self._crew_of.items():
            if its is crew:
                self._crew_of[number] = self._crew

    def _queue(self, number: int, utterance: Utterance) -> None:
        if listener := self._listeners.get(number):
            listener(utterance)
        else:
            self._teller.heard(utterance)

    # -- room and models ----------------------------------------------------------------------

    async def _make_room(self) -> None:
        """Look again and again whether the machine keeps up."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for place in [place for crew in self._crews() for place in crew.places]:
                self._room.look(place, self._legs_at(place))
            await self._dismiss_idle()

    def _legs_at(self, place: Place) -> list[SpeechStream]:
        own = (self._streams[number] for number, owner in self._owner.items() if owner is place)
        return [stream for stream in own if stream.opening.partials and not stream.closing]

    def _legs_of_crew(self, crew: Crew) -> list[SpeechStream]:
        return [stream for place in crew.places for stream in self._legs_at(place)]

    def _leave(self, stream: SpeechStream) -> None:
        self._drop_at_worker(stream)
        stream.leave()
        log.warning("leg left to its recording", call_id=stream.key.call_id, leg=stream.key.leg)

    def _crews(self) -> list[Crew]:
        return [*([self._crew] if self._crew else []), *self._leaving]

    async def _dismiss_idle(self) -> None:
        """End the crews of earlier models whose last stream is over."""
        for crew in [crew for crew in self._leaving if crew not in self._crew_of.values()]:
            self._leaving.remove(crew)
            await crew.stop()

    async def _heed_choice(self) -> None:
        """Take another model as soon as it is chosen or installed."""
        while True:
            await asyncio.sleep(_CHOICE_SECONDS)
            try:
                await self._follow_choice()
            except Exception:
                log.exception("choice of the speech model not followed")

    async def _follow_choice(self) -> None:
        try:
            wanted = await asyncio.to_thread(find_model, self._settings)
        except SpeechUnavailable:
            return  # what runs goes on
        if wanted == self._refused or (self._crew and wanted == self._crew.model):
            return
        try:
            await self.use(wanted)
        except SpeechUnavailable as error:
            self._refused = wanted
            log.error("speech model not taken", model=wanted.name, reason=str(error))
