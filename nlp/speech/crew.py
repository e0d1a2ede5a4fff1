"""The workers of one speech model, kept alive until nobody needs them any more."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Protocol

import structlog

from models.errors import SpeechUnavailable
from nlp.speech.models import ModelInfo
from nlp.speech.process import WorkerProcess
from nlp.speech.protocol import Kind, frame

log = structlog.get_logger(__name__)

#: A model larger than this is loaded once, by one process with a thread for each core.
_LARGE_MEGABYTES = 400
_MOST_WORKERS = 4
#: Waits before a dead worker is started again: doubled each time it fails to load.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
#: A worker that owes an answer and is silent for this long is taken for hung; less than the sound
#: that streams keep for the next one.
_HUNG_SECONDS = 20.0


class Heed(Protocol):
    """Who is told what becomes of workers."""

    def on_frame(self, place: Place, kind: Kind, number: int, payload: bytes) -> None:
        """A frame came from a worker."""
        ...

    def on_ready(self, crew: Crew) -> None:
        """A worker has loaded."""
        ...

    def on_death(self, place: Place, reason: str) -> None:
        """A worker is gone; another is being started."""
        ...


class Crew:
    """All workers of one model."""

    def __init__(self, model: ModelInfo, wished: int, heed: Heed) -> None:
        self.model = model
        workers, threads = _spread(wished, model)
        self.places = [Place(self, threads, heed) for _ in range(workers)]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> list[Place]:
        """Those whose worker takes work now."""
        return [place for place in self.places if place.worker.ready]

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that are alive."""
        return [place.worker.pid for place in self.places if place.worker.pid]

    async def start(self) -> None:
        """Start the workers; returns when one is ready, or none could load the model."""
        duties = [*(place.keep_alive() for place in self.places), self._watch()]
        self._tasks = [asyncio.create_task(duty) for duty in duties]
        decided = [asyncio.ensure_future(place.decided.wait()) for place in self.places]
        await asyncio.wait(decided, return_when=asyncio.FIRST_COMPLETED)
        if not self.ready:
            await asyncio.wait(decided)
        log.info("speech recognition", model=self.model.name, workers=len(self.places))

    async def stop(self) -> None:
        """End the workers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self) -> None:
        """Kill workers that hang; their streams then go on elsewhere."""
        while True:
            await asyncio.sleep(_HUNG_SECONDS / 6)
            for place in self.places:
                place.kill_if_hung()


class Place:
    """A place for a worker, filled again whenever it falls empty."""

    def __init__(self, crew: Crew, threads: int, heed: Heed) -> None:
        self.crew = crew
        self.worker = WorkerProcess(crew.model.path, threads, self._on_frame)
        #: Set once the first worker has loaded, or has failed to.
        self.decided = asyncio.Event()
        #: Why the last worker could not load the model; empty when it did.
        self.failure = ""
        #: False while interim text is saved for want of time.
        self.partials = True
        self._heed = heed
        self._pause = _FIRST_PAUSE

    async def keep_alive(self) -> None:
        """Run a worker, and another when it ends."""
        while True:
            reason = "语音识别进程异常退出，正在重新启动。"
            try:
                await self.worker.run(self._on_ready)
            except SpeechUnavailable as error:
                reason = self.failure = str(error)
                self._pause = min(_LONGEST_PAUSE, self._pause * 2)
            self._heed.on_death(self, reason)
            self.decided.set()
            await asyncio.sleep(self._pause)

    def want_partials(self, wanted: bool) -> None:
        """Tell the worker whether interim text is worth its time now."""
        self.partials = wanted
        self.worker.send(frame(Kind.PARTIALS, 0, bytes([wanted])))

    @property
    def silent_seconds(self) -> float:
        """How long the worker has owed an answer without giving any."""
        since = self.worker.owes_since
        return time.monotonic() - since if self.worker.ready and since is not None else 0.0

    def kill_if_hung(self) -> None:
        """End a worker that has owed an answer for too long."""
        if self.silent_seconds > _HUNG_SECONDS:
            log.error("speech worker hangs", pid=self.worker.pid)
            self.worker.kill()

    def _on_ready(self) -> None:
        self._pause, self.failure = _FIRST_PAUSE, ""
        self.decided.set()
        if not self.partials:
            self.want_partials(False)
        self._heed.on_ready(self.crew)

    def _on_frame(self, kind: Kind, stream: int, payload: bytes) -> None:
        self._heed.on_frame(self, kind, stream, payload)


def _spread(wished: int, model: ModelInfo) -> tuple[int, int]:
    """Processes and threads of each: small models in processes, large ones in threads."""
    cores = min(_MOST_WORKERS, os.cpu_count() or 1)
    if wished:
        return wished, 1
    return (1, cores) if model.megabytes > _LARGE_MEGABYTES else (cores, 1)
