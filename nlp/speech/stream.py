"""One leg's way through the workers: what was sent, and what may be needed again.

Everything is counted in samples since the leg's first one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from models.speech import Speaker, Utterance, Word
from models.vocabulary import Leg, SpeechMode
from nlp.speech.protocol import Heard, Opening, Progress

_BYTES = 2
#: Sound goes to the worker in pieces of about this length.
PIECE_SECONDS = 0.1
#: Sound that waits for a worker, or that a worker has not answered for; more of it is dropped.
LONGEST_BACKLOG_SECONDS = 30.0
#: A live leg that is further behind than this on a full machine is left to its recording.
LONGEST_LAG_SECONDS = 5.0
#: A stream that was being heard when this many workers died is made to skip what it had sent.
DEATHS_BORNE = 2


@dataclass(frozen=True, kw_only=True)
class StreamKey:
    """Which leg of which call, and where on the call's clock it begins."""

    call_id: str
    leg: Leg
    offset: float
    #: Tells apart two streams of the same leg, after a restart in mid-call.
    token: str
    speaker: Speaker | None = None

    def utterance(self, heard: Heard) -> Utterance:
        """What a worker heard, in call time."""
        return Utterance(
            call_id=self.call_id,
            leg=self.leg,
            utterance_id=f"{self.token}-{heard.number:04d}",
            start=round(self.offset + heard.start, 3),
            end=round(self.offset + heard.end, 3),
            text=heard.text,
            raw=heard.raw,
            final=heard.final,
            confidence=heard.confidence,
            words=tuple(self._moved(word) for word in heard.words),
            speaker=self.speaker,
        )

    def _moved(self, word: Word) -> Word:
        start, end = round(self.offset + word.start, 3), round(self.offset + word.end, 3)
        return replace(word, start=start, end=end)


class Backlog:
    """Sound from the first sample that may be needed again up to the newest."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, bytes]] = deque()
        self.end = 0

    @property
    def begin(self) -> int:
        """Its first sample."""
        return self._pieces[0][0] if self._pieces else self.end

    def add(self, sound: bytes) -> None:
        """Keep the newest sound."""
        self._pieces.append((self.end, sound))
        self.end += len(sound) // _BYTES

    def skip(self, samples: int) -> None:
        """Leave a gap after the newest sound."""
        self.end += samples

    def forget_before(self, sample: int) -> None:
        """Drop whole pieces that lie before ``sample``."""
        while self._pieces and self._piece_end(0) <= sample:
            self._pieces.popleft()

    def clear(self) -> int:
        """Drop everything; gives how many samples that were."""
        dropped = sum(len(sound) for _, sound in self._pieces) // _BYTES
        self._pieces.clear()
        return dropped

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """The pieces with their first samples."""
        return iter(tuple(self._pieces))

    def _piece_end(self, index: int) -> int:
        begin, sound = self._pieces[index]
        return begin + len(sound) // _BYTES


class SpeechStream:
    """Live recognition of one leg; made by ``SpeechService.open``."""

    def __init__(
        self,
        number: int,
        key: StreamKey,
        opening: Opening,
        forward: Callable[[SpeechStream, int, bytes], None],
        finish: Callable[[SpeechStream], asyncio.Future[None]],
    ) -> None:
        self.number = number
        self.key = key
        self.opening = opening
        self.backlog = Backlog()
        self.closing = False
        #: Left to the recording: no more sound is taken.
        self.left = False
        #: How far it is recognised, as was told last.
        self.mode = SpeechMode.LIVE
        self.closed: asyncio.Future[None] | None = None
        self.deaths = 0
        self.lost_samples = 0
        self._forward = forward
        self._finish = finish
        self._piece = bytearray()
        self._done = 0
        self._settled = 0
        self._next_utterance = opening.first_utterance
        self._moved = asyncio.Event()
        self._lag_before = 0.0

    @property
    def complete(self) -> bool:
        """False once any sound was dropped."""
        return self.lost_samples == 0

    @property
    def lost_seconds(self) -> float:
        """Sound that was dropped."""
        return self.lost_samples / self.opening.rate

    @property
    def lag_seconds(self) -> float:
        """Sound taken but not worked through yet."""
        return max(0, self.backlog.end - self._done) / self.opening.rate

    def feed(self, pcm: bytes) -> None:
        """Take sound: mono, signed 16 bit little endian. Never blocks; too much is dropped."""
        if self.closing:
            return
        self._piece += pcm
        size = int(self.opening.rate * PIECE_SECONDS) * _BYTES
        while len(self._piece) >= size:
            self._take(bytes(self._piece[:size]))
            del self._piece[:size]

    async def feed_patiently(self, pcm: bytes, ahead_seconds: float) -> None:
        """Take sound, and wait until no more than ``ahead_seconds`` are outstanding."""
        self.feed(pcm)
        while self.lag_seconds > ahead_seconds:
            self._moved.clear()
            await self._moved.wait()

    async def close(self) -> None:
        """Flush the last final utterance. Safe to call twice."""
        if not self.closing:
            whole = len(self._piece) // _BYTES * _BYTES
            if whole:
                self._take(bytes(self._piece[:whole]))
            self._piece.clear()
            self.closing = True
            self.closed = self._finish(self)
        if self.closed is not None:
            await asyncio.shield(self.closed)

    def reopening(self) -> Opening:
        """How another worker takes the stream up."""
        return replace(self.opening, start=self.backlog.begin, first_utterance=self._next_utterance)

    def note_heard(self, heard: Heard) -> None:
        """A worker told an utterance."""
        if heard.final:
            self._next_utterance = heard.number + 1

    def note_progress(self, progress: Progress) -> None:
        """A worker told how far it is."""
        if progress.settled > self._settled:
            self.deaths = 0
        self._done, self._settled = progress.done, progress.settled
        self.backlog.forget_before(progress.settled)
        self._moved.set()

    def note_death(self) -> None:
        """The stream's worker died. What may have killed it is not tried for ever."""
        self.deaths += 1
        if self.deaths > DEATHS_BORNE:
            self.give_up_backlog()

    def give_up_backlog(self) -> None:
        """Drop what is waiting; the transcript has a hole."""
        self.lost_samples += self.backlog.clear()
        self._done = self._settled = self.backlog.end
        self._moved.set()

    def falls_behind(self) -> bool:
        """Too late at two looks, and no nearer at the second; who runs after it is left alone."""
        before, self._lag_before = self._lag_before, self.lag_seconds
        return self._lag_before >= before > LONGEST_LAG_SECONDS

    def leave(self) -> None:
        """The machine is full: what is said from here on is read from the recording."""
        self.left = True
        self.give_up_backlog()
        self.lost_samples = max(1, self.lost_samples)

    def _take(self, sound: bytes) -> None:
        if self.left:
            self.lost_samples += len(sound) // _BYTES
            return
        waiting = (self.backlog.end - max(self.backlog.begin, self._done)) / self.opening.rate
        if waiting >= LONGEST_BACKLOG_SECONDS:
            self.lost_samples += len(sound) // _BYTES
            self.backlog.skip(len(sound) // _BYTES)
            return
        start = self.backlog.end
        self.backlog.add(sound)
        self._forward(self, start, sound)
