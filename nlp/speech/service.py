"""Live recognition: streams spread over worker processes that may die without a call noticing."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import os
import time
from collections.abc import Awaitable, Callable

import structlog

from config.settings import Settings
from models.errors import SpeechUnavailable
from models.ids import new_id
from models.speech import Speaker, SpeechStatus, Utterance
from models.vocabulary import Leg
from nlp.speech.models import ModelInfo, find_model
from nlp.speech.process import WorkerProcess
from nlp.speech.protocol import (
    Kind,
    Opening,
    audio_frame,
    frame,
    open_frame,
    read_heard,
    read_progress,
)
from nlp.speech.stream import SpeechStream, StreamKey

log = structlog.get_logger(__name__)

#: Called for each utterance in order, partial or final.
OnUtterance = Callable[[Utterance], Awaitable[None] | None]

#: A model larger than this is loaded once, by one process with a thread for each core.
_LARGE_MEGABYTES = 400
_MOST_WORKERS = 4
#: Waits before a dead worker is started again: doubled each time it fails to load.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
#: A worker that owes an answer and is silent for this long is taken for hung.
_HUNG_SECONDS = 60.0
#: Recordings wait while a live leg is later than this.
_LATE_SECONDS = 2.0
#: How often it is looked whether the machine keeps up.
_ROOM_SECONDS = 1.0
#: How long a closing stream waits for its last words.
_FLUSH_SECONDS = 30.0
#: Stopping is not held up longer than this.
_STOP_SECONDS = 5.0
#: Partials are skipped while this many utterances wait for a slow listener.
_FULL_QUEUE = 200
#: Sound that a recording may be ahead of its recognition, so that live streams are not held up.
_RECORDING_AHEAD_SECONDS = 1.0


class SpeechService:
    """Recognises any number of legs at once. Implements ``models.ports.SpeechPort``.

    ``feed`` and ``open`` belong to the event loop's thread.
    """

    def __init__(self, settings: Settings, on_utterance: OnUtterance) -> None:
        self._settings = settings
        self._on_utterance = on_utterance
        self._model: ModelInfo | None = None
        self._reason = "语音识别尚未启动。"
        self._streams: dict[int, SpeechStream] = {}
        self._owner: dict[int, _Slot] = {}
        self._numbers = itertools.count(1)
        self._slots: list[_Slot] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._told: asyncio.Queue[Utterance | asyncio.Future[None]] = asyncio.Queue()
        self._listeners: dict[int, OnUtterance] = {}

    @property
    def status(self) -> SpeechStatus:
        """Whether it works now, and if not, why."""
        if self._model is None:
            return SpeechStatus(available=False, reason=self._reason)
        available = any(slot.worker.ready for slot in self._slots)
        return SpeechStatus(
            available=available,
            model=self._model.label,
            practice=self._model.practice,
            reason="" if available else self._reason or "语音识别进程正在启动。",
        )

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the workers that are alive."""
        return [slot.worker.pid for slot in self._slots if slot.worker.pid]

    async def start(self) -> None:
        """Start the workers and wait until one is ready.

        Without a model, or when it does not load, this returns all the same: calls go on without
        live text, and :attr:`status` says why.
        """
        try:
            self._model = find_model(self._settings)
        except SpeechUnavailable as error:
            self._reason = str(error)
            log.warning("no speech recognition", reason=self._reason)
            return
        workers, threads = _spread(self._settings.speech.workers, self._model)
        self._slots = [_Slot(self, self._model, threads) for _ in range(workers)]
        self._tasks = [asyncio.create_task(slot.keep_alive()) for slot in self._slots]
        for duty in (self._tell, self._watch, self._make_room):
            self._tasks.append(asyncio.create_task(duty()))
        self._reason = ""
        await asyncio.wait(
            [asyncio.ensure_future(slot.decided.wait()) for slot in self._slots],
            return_when=asyncio.FIRST_COMPLETED,
        )
        log.info("speech recognition", model=self._model.name, workers=workers, threads=threads)

    async def stop(self) -> None:
        """Flush the open streams and end the workers."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                await asyncio.gather(*(stream.close() for stream in [*self._streams.values()]))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks, self._slots, self._model = [], [], None
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
        self._streams[number] = stream
        self._assign(stream)
        return stream

    async def recognise(
        self, sound: bytes, rate: int, leg: Leg, on_progress: Callable[[float], None] | None = None
    ) -> list[Utterance]:
        """Recognise a whole recording: mono, signed 16 bit; times from its beginning.

        :raises SpeechUnavailable: also when a part of it could not be worked through.
        """
        heard: list[Utterance] = []
        stream = self.open("", leg, opening=Opening(rate=rate, partials=False))
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
            await asyncio.sleep(_ROOM_SECONDS / 4)

    def _live_is_late(self) -> bool:
        live = (stream for stream in self._streams.values() if stream.opening.partials)
        return any(not stream.left and stream.lag_seconds > _LATE_SECONDS for stream in live)

    # -- streams to workers -------------------------------------------------------------------

    def _assign(self, stream: SpeechStream) -> None:
        """Give a stream to the worker with the fewest; without one it waits."""
        if stream.left:
            return
        ready = [slot for slot in self._slots if slot.worker.ready]
        if not ready:
            self._owner.pop(stream.number, None)
            return
        loads = [sum(owner is slot for owner in self._owner.values()) for slot in ready]
        slot = ready[loads.index(min(loads))]
        self._owner[stream.number] = slot
        slot.worker.send(open_frame(stream.number, stream.reopening()))
        for start, sound in stream.backlog.pieces():
            slot.worker.send(audio_frame(stream.number, start, sound))
        if stream.closing:
            slot.worker.send(frame(Kind.CLOSE, stream.number))

    def _forward(self, stream: SpeechStream, start: int, sound: bytes) -> None:
        if slot := self._owner.get(stream.number):
            slot.worker.send(audio_frame(stream.number, start, sound))

    def _finish(self, stream: SpeechStream) -> asyncio.Future[None]:
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if stream.left:
            closed.set_result(None)
            self._forget(stream)
            return closed
        if slot := self._owner.get(stream.number):
            slot.worker.send(frame(Kind.CLOSE, stream.number))
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
        if slot := self._owner.pop(stream.number, None):
            slot.worker.send(frame(Kind.DROP, stream.number))

    def _forget(self, stream: SpeechStream) -> None:
        self._streams.pop(stream.number, None)
        self._owner.pop(stream.number, None)

    def _close(self, stream: SpeechStream) -> None:
        self._forget(stream)
        if stream.closed is not None:
            self._told.put_nowait(stream.closed)

    # -- what workers say ---------------------------------------------------------------------

    def on_frame(self, slot: _Slot, kind: Kind, number: int, payload: bytes) -> None:
        """A frame came from a worker."""
        stream = self._streams.get(number)
        if stream is None or self._owner.get(number) is not slot:
            return
        if kind is Kind.HEARD:
            heard = read_heard(payload)
            stream.note_heard(heard)
            self._queue(number, stream.key.utterance(heard))
        elif kind is Kind.PROGRESS:
            stream.note_progress(read_progress(payload))
        elif kind is Kind.CLOSED:
            self._close(stream)
        elif kind is Kind.FAILED:
            log.error("stream failed in its worker", call_id=stream.key.call_id, error=payload)
            stream.note_death()
            self._assign(stream)

    def on_ready(self) -> None:
        """A worker has loaded: streams without one get it."""
        self._reason = ""
        for stream in [*self._streams.values()]:
            if stream.number not in self._owner:
                self._assign(stream)

    def on_death(self, slot: _Slot, reason: str) -> None:
        """A worker is gone: its streams go on elsewhere."""
        self._reason = reason
        orphans = [number for number, owner in self._owner.items() if owner is slot]
        for number in orphans:
            del self._owner[number]
        for number in orphans:
            self._streams[number].note_death()
            self._assign(self._streams[number])
        if orphans:
            log.warning("speech worker died", streams=len(orphans), reason=reason)

    def _queue(self, number: int, utterance: Utterance) -> None:
        if listener := self._listeners.get(number):
            listener(utterance)
        elif utterance.final or self._told.qsize() < _FULL_QUEUE:
            self._told.put_nowait(utterance)

    async def _tell(self) -> None:
        """Hand utterances over one by one, in order; a stream is closed when its last is told."""
        while True:
            item = await self._told.get()
            if isinstance(item, asyncio.Future):
                if not item.done():
                    item.set_result(None)
                continue
            try:
                result = self._on_utterance(item)
                if inspect.isawaitable(result):
                    await result
            except Exception:
                log.exception("utterance not taken", utterance_id=item.utterance_id)

    async def _make_room(self) -> None:
        """Where the machine does not keep up, live legs are left to their recordings one by one, so
        that the others are read while they are spoken."""
        while True:
            await asyncio.sleep(_ROOM_SECONDS)
            for slot in self._slots:
                if late := self._too_late(slot):
                    self._leave(max(late, key=_spared_least))

    def _leave(self, stream: SpeechStream) -> None:
        self._drop_at_worker(stream)
        stream.leave()
        log.warning("leg left to its recording", call_id=stream.key.call_id, leg=stream.key.leg)

    def _too_late(self, slot: _Slot) -> list[SpeechStream]:
        own = (self._streams[number] for number, owner in self._owner.items() if owner is slot)
        live = [stream for stream in own if stream.opening.partials and not stream.closing]
        return [stream for stream in live if stream.falls_behind()]

    async def _watch(self) -> None:
        """Kill workers that hang; their streams then go on elsewhere."""
        while True:
            await asyncio.sleep(_HUNG_SECONDS / 6)
            now = time.monotonic()
            for slot in self._slots:
                since = slot.worker.owes_since
                if slot.worker.ready and since is not None and now - since > _HUNG_SECONDS:
                    log.error("speech worker hangs", pid=slot.worker.pid)
                    slot.worker.kill()


def _spared_least(stream: SpeechStream) -> tuple[bool, int]:
    """Citizens' words are what risks are seen by: agents' legs go first, of each the newest."""
    return stream.key.leg is not Leg.CALLER, stream.number


class _Slot:
    """A place for a worker, filled again whenever it falls empty."""

    def __init__(self, service: SpeechService, model: ModelInfo, threads: int) -> None:
        self._service = service
        self.worker = WorkerProcess(model.path, threads, self._on_frame)
        #: Set once the first worker has loaded, or has failed to.
        self.decided = asyncio.Event()
        self._pause = _FIRST_PAUSE

    async def keep_alive(self) -> None:
        """Run a worker, and another when it ends."""
        while True:
            reason = "语音识别进程异常退出，正在重新启动。"
            try:
                await self.worker.run(self._on_ready)
            except SpeechUnavailable as error:
                reason = str(error)
                self._pause = min(_LONGEST_PAUSE, self._pause * 2)
            self._service.on_death(self, reason)
            self.decided.set()
            await asyncio.sleep(self._pause)

    def _on_ready(self) -> None:
        self._pause = _FIRST_PAUSE
        self.decided.set()
        self._service.on_ready()

    def _on_frame(self, kind: Kind, stream: int, payload: bytes) -> None:
        self._service.on_frame(self, kind, stream, payload)


def _spread(wished: int, model: ModelInfo) -> tuple[int, int]:
    """Processes and threads of each: small models in processes, large ones in threads."""
    cores = min(_MOST_WORKERS, os.cpu_count() or 1)
    if wished:
        return wished, 1
    return (1, cores) if model.megabytes > _LARGE_MEGABYTES else (cores, 1)
