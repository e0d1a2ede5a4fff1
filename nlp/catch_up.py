"""Transcribing recordings of calls whose live transcript has holes, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import structlog
from sqlalchemy import select

from models.bus import Bus
from models.errors import HotlineError
from models.events import CallEnded, TranscriptCompleted
from models.speech import Utterance
from models.store import Store
from models.tables import Call, Recording
from models.vocabulary import CallDirection, Leg
from nlp.transcripts import TranscriptStore

log = structlog.get_logger(__name__)

#: A mono recording to utterances; ids and times are relative to the file.
TranscribeFile = Callable[[Path], Awaitable[Sequence[Utterance]]]
#: Asterisk closes a recording a moment after the hang-up.
SETTLE_SECONDS = 2.0


class CatchUp:
    """Works through calls marked ``transcript_incomplete``, oldest first."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        transcripts: TranscriptStore,
        transcribe: TranscribeFile,
        recordings: Path,
        model_name: Callable[[], str],
    ) -> None:
        self._store = store
        self._bus = bus
        self._transcripts = transcripts
        self._transcribe = transcribe
        self._recordings = recordings
        self._model_name = model_name
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        bus.subscribe("catch-up", self._on_ended, CallEnded)

    async def start(self) -> None:
        """Begin with what earlier runs left."""
        self._task = asyncio.create_task(self._run(), name="catch-up")

    async def stop(self) -> None:
        """Stop; an unfinished call stays marked and is done next time."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def pending(self) -> list[Call]:
        """Ended calls whose transcript is not whole."""
        query = (
            select(Call)
            .where(Call.transcript_incomplete.is_(True), Call.ended_at.is_not(None))
            .order_by(Call.started_at)
        )
        async with self._store.read() as session:
            return list(await session.scalars(query))

    async def work_off(self, on_progress: Callable[[int, int], None] | None = None) -> int:
        """Transcribe everything pending; returns how many calls were completed."""
        calls = await self.pending()
        done = 0
        for index, call in enumerate(calls, start=1):
            try:
                await self.complete(call)
                done += 1
            except HotlineError as error:
                log.warning("recording not transcribed", call_id=call.id, error=str(error))
            if on_progress:
                on_progress(index, len(calls))
        return done

    async def complete(self, call: Call) -> None:
        """Replace one call's transcript by that of its recordings."""
        heard: list[Utterance] = []
        recordings = {Leg.CALLER: call.citizen_recording, Leg.AGENT: call.agent_recording}
        for leg, recording in recordings.items():
            heard += await self._leg(call, leg, recording, await self._offset(call, leg))
        await self._transcripts.replace(call.id, heard)
        async with self._store.transaction() as work:
            row = await work.session.get_one(Call, call.id)
            row.transcript_incomplete = False
            row.speech_model = self._model_name()
            work.record(TranscriptCompleted(call_id=call.id))

    async def _offset(self, call: Call, leg: Leg) -> float:
        """Where a recording begins in call time: as entered, else as the call tells."""
        path = call.citizen_recording if leg is Leg.CALLER else call.agent_recording
        query = select(Recording.started_at).where(Recording.path == path)
        async with self._store.read() as session:
            begins = await session.scalar(query)
        if begins is None and leg is Leg.AGENT:
            begins = call.agent_recording_at
        elif begins is None and call.direction is CallDirection.OUTBOUND:
            begins = call.answered_at  # the citizen who is rung is recorded from the answer on
        return (begins - call.started_at).total_seconds() if begins else 0.0

    async def _leg(self, call: Call, leg: Leg, recording: str, offset: float) -> list[Utterance]:
        path = self._recordings / recording
        if not recording or not path.is_file():
            return []
        return [
            replace(
                item,
                call_id=call.id,
                leg=leg,
                utterance_id=f"{call.id}-{leg.value.lower()}-r{index}",
                start=item.start + offset,
                end=item.end + offset,
            )
            for index, item in enumerate(await self._transcribe(path))
        ]

    async def _on_ended(self, event: CallEnded) -> None:
        if event.transcript_incomplete:
            self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                await self.work_off()
            except Exception:
                log.exception("catch-up stopped short; it goes on with the next call that ends")
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(SETTLE_SECONDS)
