"""One worker process from outside: started, talked to, noticed when it dies or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from pathlib import Path

import structlog

from models.errors import SpeechUnavailable
from nlp.speech.protocol import HEADER, MAX_PAYLOAD, Kind

log = structlog.get_logger(__name__)

#: Loading a large model from a slow disk takes this long at most.
_LOAD_SECONDS = 180.0
#: After its input ends, a worker finishes within this time or is killed.
_END_SECONDS = 5.0

OnFrame = Callable[[Kind, int, bytes], None]


class WorkerProcess:
    """A running worker. :meth:`run` starts it and returns when it is over."""

    def __init__(self, model: Path, threads: int, on_frame: OnFrame) -> None:
        self._model = model
        self._threads = threads
        self._on_frame = on_frame
        self._process: Process | None = None
        self._ready = False
        #: Since when it owes an answer, on the monotonic clock. An opening and a wish have none.
        self.owes_since: float | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    @property
    def ready(self) -> bool:
        """The model is loaded and the process alive."""
        return self._ready

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Start, load, pass its frames on, return when it ended.

        :raises SpeechUnavailable: when the model does not load.
        """
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "nlp.speech.worker", str(self._model), str(self._threads)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=Path(__file__).parents[2],
        )
        try:
            async with asyncio.timeout(_LOAD_SECONDS):
                await self._wait_until_loaded()
            self._ready = True
            on_ready()
            await self._pass_frames()
        except TimeoutError:
            raise SpeechUnavailable(f"语音模型 {self._model} 加载超时。") from None
        finally:
            self._ready = False
            await self._end()

    def send(self, content: bytes) -> None:
        """Queue a frame for it; what a dead worker is sent is lost, the streams keep a copy."""
        pipe = self._process.stdin if self._process else None
        if pipe is not None and not pipe.is_closing():
            pipe.write(content)
            if content[0] not in (Kind.OPEN, Kind.PARTIALS):
                self.owes_since = self.owes_since or time.monotonic()

    def kill(self) -> None:
        """End it at once: it hangs."""
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _wait_until_loaded(self) -> None:
        frame = await self._read()
        if frame is None:
            raise SpeechUnavailable(f"语音模型 {self._model} 的识别进程启动后即退出。")
        kind, _, payload = frame
        if kind is not Kind.READY:
            raise SpeechUnavailable(f"语音模型 {self._model} 无法加载：{payload.decode()}")

    async def _pass_frames(self) -> None:
        while frame := await self._read():
            self._on_frame(*frame)

    async def _read(self) -> tuple[Kind, int, bytes] | None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            header = await self._process.stdout.readexactly(HEADER.size)
            kind, stream, length = HEADER.unpack(header)
            if length > MAX_PAYLOAD:
                raise SpeechUnavailable("语音识别进程的输出无法解读。")
            payload = await self._process.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        self.owes_since = None
        return Kind(kind), stream, payload

    async def _end(self) -> None:
        process = self._process
        assert process is not None
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            self.kill()
            await process.wait()
        except asyncio.CancelledError:
            self.kill()
            await process.wait()
            raise
        finally:
            log.debug("speech worker ended", pid=process.pid, code=process.returncode)
            self._process = None
            self.owes_since = None
