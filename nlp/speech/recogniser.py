"""One stream through the recogniser: gate, partials, finals, and the times of both.

Everything counts samples since the leg's first one. Only what passes the gate reaches Vosk, so its
clock is another; :class:`_Clock` translates.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import vosk

from models.speech import SpeechProfile, Word
from nlp.speech.gate import FRAME_SECONDS, VoiceGate
from nlp.speech.protocol import Heard, Opening, Progress
from nlp.speech.text import for_reading

#: Sound from before the gate opened that is heard after all.
_LEAD_SECONDS = 0.3
#: Partials come no more often than this.
_PARTIAL_SECONDS = 0.3
#: Who speaks on without a pause is cut here, so that words become final and are understood.
_LONGEST_SECONDS = 15.0
#: In dictation a pause ends the utterance from the above on; without any it is cut here.
_LONGEST_DICTATED_SECONDS = 30.0
_BYTES = 2

Emit = Callable[[Heard], None]


class _Clock:
    """From samples that Vosk was given to samples of the leg."""

    def __init__(self) -> None:
        self._given: list[int] = [0]
        self._leg: list[int] = [0]

    def join(self, given: int, leg: int) -> None:
        """From Vosk's sample ``given`` on, the leg's sample ``leg`` and those after it follow."""
        self._given.append(given)
        self._leg.append(leg)

    def leg_sample(self, given: int) -> int:
        """The leg's sample for one of Vosk's."""
        place = bisect_right(self._given, given) - 1
        return self._leg[place] + given - self._given[place]

    def forget(self) -> None:
        """Keep the last join only: earlier times will not be asked for again."""
        self._given, self._leg = self._given[-1:], self._leg[-1:]


class StreamRecogniser:
    """Feeds one stream to Vosk and tells what was heard."""

    def __init__(
        self,
        model: vosk.Model,
        opening: Opening,
        emit: Emit,
        worth_partials: Callable[[], bool] = lambda: True,
    ) -> None:
        self._rate = opening.rate
        self._partials = opening.partials
        self._worth_partials = worth_partials
        self._emit = emit
        self._vosk = vosk.KaldiRecognizer(model, opening.rate)
        self._vosk.SetWords(True)
        self._gate = VoiceGate(opening.rate, opening.profile)
        self._dictated = opening.profile is SpeechProfile.DICTATION
        longest = _LONGEST_DICTATED_SECONDS if self._dictated else _LONGEST_SECONDS
        self._longest = round(longest * opening.rate)
        #: Of the utterance that goes on: what the engine has finished.
        self._raw: list[str] = []
        self._words: list[Word] = []
        frames = round(_LEAD_SECONDS / FRAME_SECONDS)
        self._lead: deque[bytes] = deque(maxlen=frames)
        self._clock = _Clock()
        self._pending = b""
        self._position = opening.start
        self._given = 0
        self._number = opening.first_utterance
        self._began = opening.start
        self._listening = False
        self._told = ""
        self._told_at = opening.start

    def feed(self, start: int, sound: bytes) -> Progress:
        """Take sound that begins at the leg's sample ``start``.

        Whatever is understood by it is emitted before this returns.
        """
        if start != self._position + len(self._pending) // _BYTES:
            self._jump(start)
        self._pending += sound
        size = self._gate.frame_bytes
        whole = len(self._pending) // size * size
        for begin in range(0, whole, size):
            self._take(self._pending[begin : begin + size])
        self._pending = self._pending[whole:]
        if self._listening:
            self._tell_partial()
        return Progress(done=self._position, settled=self._settled())

    def finish(self) -> None:
        """The stream is over: tell what is left."""
        if self._listening and self._pending:
            self._hear(self._pending)
        self._pending = b""
        self._end_listening()

    def _jump(self, start: int) -> None:
        """Sound is missing: end what was being heard and go on behind the hole."""
        self.finish()
        self._lead.clear()
        self._position = self._began = start

    def _take(self, frame: bytes) -> None:
        was_open = self._gate.open
        now_open = self._gate.judge(frame)
        if now_open and not was_open:
            self._begin_listening()
        if now_open or was_open:
            self._hear(frame)
        else:
            self._lead.append(frame)
        self._position += len(frame) // _BYTES
        if was_open and not now_open:
            self._end_listening()
        elif self._position - self._began > self._longest and self._listening:
            self._note(self._vosk.FinalResult())
            self._tell_final()
            self._clock.join(self._given, self._position)

    def _begin_listening(self) -> None:
        lead = b"".join(self._lead)
        self._lead.clear()
        self._listening = True
        self._began = self._position - len(lead) // _BYTES
        self._clock.join(self._given, self._began)
        if lead:
            self._hear(lead)

    def _hear(self, sound: bytes) -> None:
        self._given += len(sound) // _BYTES
        if self._vosk.AcceptWaveform(sound):
            self._note(self._vosk.Result())
            if not self._goes_on():
                self._tell_final(through=len(sound) // _BYTES)

    def _goes_on(self) -> bool:
        """Whether the engine's end of an utterance is but a pause in what is dictated."""
        spoken = self._position - self._began
        return self._dictated and bool(self._raw) and spoken < _LONGEST_SECONDS * self._rate

    def _end_listening(self) -> None:
        if self._listening:
            self._note(self._vosk.FinalResult())
            self._tell_final()
            self._listening = False

    def _tell_partial(self) -> None:
        if not (self._partials and self._worth_partials()):
            return
        if self._position - self._told_at < _PARTIAL_SECONDS * self._rate:
            return
        # Right after a final the engine answers with an empty text instead of a partial.
        raw = str(json.loads(self._vosk.PartialResult()).get("partial", ""))
        raw = " ".join([*self._raw, raw]) if raw else ""
        if not raw or raw == self._told:
            return
        self._told, self._told_at = raw, self._position
        self._emit(
            Heard(
                number=self._number,
                start=self._began / self._rate,
                end=self._position / self._rate,
                raw=raw,
                text=for_reading(raw.split(), final=False),
                final=False,
            )
        )

    def _note(self, result: str) -> None:
        """The engine has finished something."""
        content: dict[str, Any] = json.loads(result)
        if content["text"]:
            self._raw.append(content["text"])
            self._words += [self._word(item) for item in content.get("result", ())]
        self._clock.forget()

    def _tell_final(self, through: int = 0) -> None:
        """``through``: samples being heard that the position does not count yet."""
        if self._raw:
            self._emit(self._final())
        elif self._told:
            self._emit(self._nothing_after_all(through))
        if self._raw or self._told:
            self._number += 1
        self._raw, self._words, self._told = [], [], ""
        self._began = self._position + through

    def _final(self) -> Heard:
        raw, words = " ".join(self._raw), tuple(self._words)
        pauses = [after.start - before.end for before, after in pairwise(words)]
        seconds = sum(word.end - word.start for word in words) or 1.0
        certain = sum(word.confidence * (word.end - word.start) for word in words) / seconds
        return Heard(
            number=self._number,
            start=words[0].start if words else self._began / self._rate,
            end=words[-1].end if words else self._position / self._rate,
            raw=raw,
            text=for_reading(raw.split(), pauses),
            final=True,
            confidence=round(min(1.0, certain), 3),
            words=words,
        )

    def _nothing_after_all(self, through: int) -> Heard:
        """Takes back a partial that came to nothing."""
        return Heard(
            number=self._number,
            start=self._began / self._rate,
            end=(self._position + through) / self._rate,
            raw="",
            text="",
            final=True,
        )

    def _word(self, item: dict[str, Any]) -> Word:
        return Word(
            text=item["word"],
            start=self._leg_seconds(item["start"]),
            end=self._leg_seconds(item["end"]),
            confidence=round(float(item["conf"]), 3),
        )

    def _leg_seconds(self, seconds: float) -> float:
        sample = self._clock.leg_sample(round(seconds * self._rate))
        return round(sample / self._rate, 3)

    def _settled(self) -> int:
        """Sound before this sample will not be needed by another worker."""
        lead = sum(map(len, self._lead)) // _BYTES
        return self._began if self._listening else self._position - lead
