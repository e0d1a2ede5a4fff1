"""Transcribing recordings of calls whose live transcript has holes, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import and_, or_, select, update

from models.bus import Bus
from models.errors import HotlineError
from models.events import CallEnded, TranscriptCompleted
from models.sound_files import seconds_of
from models.speech import Speaker, SpeechProfile, Utterance
from models.store import Store
from models.tables import Call, CallEventRow, CallParty, Recording
from models.vocabulary import CallDirection, CallEventKind, Leg, PartyKind
from nlp.transcripts import TranscriptStore

log = structlog.get_logger(__name__)

#: A mono recording to utterances; ids and times are relative to the file.
TranscribeFile = Callable[[Path, SpeechProfile], Awaitable[Sequence[Utterance]]]
#: Asterisk closes a recording a moment after the hang-up.
SETTLE_SECONDS = 2.0
#: So far apart may the clocks of a tap and of a recording be, in seconds.
_MARGIN = 1.0


@dataclass(frozen=True, kw_only=True)
class Period:
    """Calls that began at ``since`` or later, and before ``until``."""

    since: datetime
    until: datetime


EVER = Period(since=datetime(1970, 1, 1, tzinfo=UTC), until=datetime(9000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A recording of one who took part. Words that end before ``counts_from`` are left out."""

    leg: Leg
    #: Below the recordings folder.
    recording: str
    begins: datetime
    counts_from: datetime | None = None
    #: Whose words they are, first come first; none: the citizen's.
    parties: tuple[CallParty, ...] = ()

    def speaker(self, until: datetime) -> Speaker | None:
        """Who said the words that ended then: of several on one recording, the last to come."""
        there = [party for party in self.parties if (_began(party) or until) < until]
        party = next(iter(there[-1:] or self.parties), None)
        return party.speaker if party else None


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

    async def pending(self, period: Period = EVER, *, again: bool = False) -> list[Call]:
        """Ended calls of a period whose transcript is not whole.

        :param again: also those whose transcript another model has made. Interrupted, it goes on
            where it stopped.
        """
        incomplete = Call.transcript_incomplete.is_(True)
        recorded = or_(Call.citizen_recording != "", Call.agent_recording != "")
        by_another = and_(recorded, Call.speech_model != self._model_name())
        wanted = or_(incomplete, by_another) if again else incomplete
        query = (
            select(Call)
            .where(wanted, Call.ended_at.is_not(None))
            .where(Call.started_at >= period.since, Call.started_at < period.until)
            .order_by(Call.started_at)
        )
        async with self._store.read() as session:
            return list(await session.scalars(query))

    async def work_off(
        self,
        on_progress: Callable[[int, int], None] | None = None,
        calls: Sequence[Call] | None = None,
    ) -> int:
        """Transcribe ``calls``, or everything pending; returns how many were completed."""
        calls = await self.pending() if calls is None else calls
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
        """Replace one call's transcript by that of its recordings, as far as these go."""
        heard: list[Utterance] = []
        voices = await self._voices(call)
        for voice in voices:
            heard += await self._heard(call, voice)
        kept = await self._beyond_recordings(call, voices)
        await self._transcripts.replace(call.id, heard, kept)
        async with self._store.transaction() as work:
            row = await work.session.get_one(Call, call.id)
            row.transcript_incomplete = False
            row.transcript_coverage = self._coverage(call, voices)
            row.speech_model = self._model_name()
            work.record(TranscriptCompleted(call_id=call.id))

    async def _voices(self, call: Call) -> list[Voice]:
        """Everyone who was recorded, each file once; its beginning as entered, if it is."""
        async with self._store.read() as session:
            of_call = CallParty.call_id == call.id
            parties = list(await session.scalars(select(CallParty).where(of_call)))
            takings = await session.execute(
                select(CallEventRow.actor, CallEventRow.at).where(
                    CallEventRow.call_id == call.id, CallEventRow.kind == CallEventKind.TAKEN_OVER
                )
            )
            voices = voices_of(call, parties, {actor: at for actor, at in takings})
            entered = await session.execute(
                select(Recording.path, Recording.started_at).where(
                    Recording.path.in_([voice.recording for voice in voices])
                )
            )
            begins = {path: started_at for path, started_at in entered}
        return [replace(one, begins=begins.get(one.recording, one.begins)) for one in voices]

    async def _beyond_recordings(self, call: Call, voices: Sequence[Voice]) -> list[str]:
        """What was heard live of a voice that was not being recorded (disk full): it stays."""
        spans = [(voice.leg, *self._span(call, voice)) for voice in voices]
        live = await self._transcripts.of_call(call.id)
        return [
            row.id
            for row in live
            if not any(
                leg is row.leg and begin - _MARGIN <= row.start < end for leg, begin, end in spans
            )
        ]

    async def _heard(self, call: Call, voice: Voice) -> list[Utterance]:
        """In call time."""
        path = self._recordings / voice.recording
        if not path.is_file():
            return []
        offset, _ = self._span(call, voice)
        # Who was never put through has spoken alone: a message.
        profile = SpeechProfile.DIALOGUE if call.answered_at else SpeechProfile.DICTATION
        counts = (voice.counts_from - call.started_at).total_seconds() if voice.counts_from else 0
        said = [
            replace(
                _later(item, offset),
                call_id=call.id,
                leg=voice.leg,
                speaker=voice.speaker(call.started_at + timedelta(seconds=offset + item.end)),
                utterance_id=f"{call.id}-{path.stem}-r{index}",
            )
            for index, item in enumerate(await self._transcribe(path, profile))
        ]
        return [item for item in said if item.end > counts]

    def _span(self, call: Call, voice: Voice) -> tuple[float, float]:
        """Where a recording begins and ends in call time; without a file both are the same."""
        begin = (voice.begins - call.started_at).total_seconds()
        return begin, begin + seconds_of(self._recordings / voice.recording)

    def _coverage(self, call: Call, voices: Sequence[Voice]) -> float | None:
        """The share of what was said into recordings that is there to be read; None of nothing.

        Of a recording that is gone, the voice counts from its beginning to the end of the call.
        """
        read = missing = 0.0
        for voice in voices:
            begin, end = self._span(call, voice)
            read += end - begin
            if end == begin and call.ended_at:
                missing += max(0.0, (call.ended_at - call.started_at).total_seconds() - begin)
        return round(read / (read + missing), 3) if read + missing else None

    async def _on_ended(self, event: CallEnded) -> None:
        if event.transcript_incomplete:
            self._wake.set()
            return
        async with self._store.transaction() as work:
            # Every sound of it was read while it was spoken.
            await work.session.execute(
                update(Call)
                .where(Call.id == event.call_id, Call.answered_at.is_not(None))
                .where(Call.transcript_coverage.is_(None))
                .values(transcript_coverage=1.0)
            )

    async def _run(self) -> None:
        while True:
            try:
                await self.work_off()
            except Exception:
                log.exception("catch-up stopped short; it goes on with the next call that ends")
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(SETTLE_SECONDS)


def _later(item: Utterance, seconds: float) -> Utterance:
    """With all its times moved."""
    words = tuple(
        replace(word, start=word.start + seconds, end=word.end + seconds) for word in item.words
    )
    return replace(item, start=item.start + seconds, end=item.end + seconds, words=words)


def voices_of(
    call: Call, parties: Sequence[CallParty], taken_over: Mapping[str, datetime]
) -> list[Voice]:
    """Whose words belong into the transcript, as it is made live.

    ``taken_over``: leaders who took the call over, and when: what they whispered before that was
    not for the citizen.
    """
    outbound = call.direction is CallDirection.OUTBOUND
    # The citizen who is rung is recorded from the answer on.
    begins = (outbound and call.answered_at) or call.started_at
    agents = call.agent_recording_at or call.started_at
    came = sorted(parties, key=lambda one: one.joined_at or call.started_at)
    pieces = tuple(party for party in came if _is_piece(party.recording, call))
    voices = [
        Voice(leg=Leg.CALLER, recording=call.citizen_recording, begins=begins),
        Voice(leg=Leg.AGENT, recording=call.agent_recording, begins=agents, parties=pieces),
    ]
    for party in came:
        leads = party.kind is PartyKind.SUPERVISOR
        if not _is_piece(party.recording, call) and not (
            leads and party.agent_id not in taken_over
        ):
            voices.append(
                Voice(
                    leg=Leg.AGENT if leads or party.kind is PartyKind.AGENT else Leg.THIRD,
                    recording=party.recording,
                    begins=_began(party) or call.started_at,
                    counts_from=taken_over.get(party.agent_id or "") if leads else None,
                    parties=(party,),
                )
            )
    return list({voice.recording: voice for voice in voices if voice.recording}.values())


def _began(party: CallParty) -> datetime | None:
    return party.recording_at or party.joined_at


def _is_piece(recording: str, call: Call) -> bool:
    """Whether it was laid into the agent's one file (``agent-2.wav`` into ``agent.wav``)."""
    whole = Path(call.agent_recording).stem
    return bool(whole) and Path(recording).stem.startswith(f"{whole}-")
