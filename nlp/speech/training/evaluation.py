"""How many characters a model mishears, over the telephone, in voices it was not trained on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vosk

from nlp.speech.training import text
from nlp.speech.training.corpus import EVALUATION_SPEEDS, EVALUATION_VARIANTS
from nlp.speech.training.distance import distance
from nlp.speech.training.telephone import mu_law
from nlp.speech.training.voice import RATE, Speaker, say

_SIZE = 100
_SEED = 7_000_001
#: Shorter ones are mostly fixed phrases, which stand in the training too.
_SHORTEST = 10
_CHUNK = RATE // 10 * 2  # bytes of 100 ms


@dataclass(frozen=True, kw_only=True)
class Result:
    """Errors over characters, and the time it took to hear them."""

    wrong: int
    characters: int
    seconds_of_sound: float
    seconds_of_work: float

    def __str__(self) -> str:
        return (
            f"CER {self.wrong / self.characters:.1%} ({self.wrong} of {self.characters}), "
            f"real-time factor {self.seconds_of_work / self.seconds_of_sound:.3f}"
        )


def sets(trained_on: set[str]) -> Iterator[tuple[str, list[str]]]:
    """The evaluation sets by name: sentences of the training's kind, and freely written ones."""
    grammar = text.Grammar(_SEED)
    own: list[str] = []
    while len(own) < _SIZE:
        sentence = grammar.sentence()
        if len(text.plain(sentence)) >= _SHORTEST and text.plain(sentence) not in trained_on:
            own.append(sentence)
    yield "hotline sentences", own
    yield "free sentences", text.lines("evaluation.txt")


def measure(model: Path, sentences: Sequence[str], show: Callable[[str], None] | None) -> Result:
    """Character error rate at 8 kHz µ-law."""
    vosk.SetLogLevel(-1)
    loaded = vosk.Model(str(model))
    wrong = characters = 0
    sound_seconds = work_seconds = 0.0
    for number, sentence in enumerate(sentences):
        said = text.plain(sentence)
        sound = telephone_audio(sentence, _speaker(number))
        began = time.process_time()
        heard = text.plain(recognise(loaded, sound))
        work_seconds += time.process_time() - began
        sound_seconds += len(sound) / 2 / RATE
        errors = distance(said, heard)
        wrong, characters = wrong + errors, characters + len(said)
        if errors and show:
            show(f"  {said}\n  {heard}")
    return Result(
        wrong=wrong,
        characters=characters,
        seconds_of_sound=sound_seconds,
        seconds_of_work=work_seconds,
    )


def _speaker(number: int) -> Speaker:
    return Speaker(
        variant=EVALUATION_VARIANTS[number % len(EVALUATION_VARIANTS)],
        speed=EVALUATION_SPEEDS[number % len(EVALUATION_SPEEDS)],
    )


def telephone_audio(sentence: str, speaker: Speaker) -> bytes:
    """16-bit samples at 8 kHz after G.711 µ-law, with a little silence around."""
    audio = np.pad(say(sentence, speaker) * 0.6, (RATE // 3, RATE))
    return bytes((mu_law(np.clip(audio, -1, 1)) * 32767).astype("<i2").tobytes())


def recognise(model: vosk.Model, audio: bytes) -> str:
    """All that is heard in ``audio``, fed as it would arrive."""
    recogniser = vosk.KaldiRecognizer(model, RATE)
    heard = ""
    for begin in range(0, len(audio), _CHUNK):
        if recogniser.AcceptWaveform(audio[begin : begin + _CHUNK]):
            heard += json.loads(recogniser.Result())["text"]
    return heard + str(json.loads(recogniser.FinalResult())["text"])
