"""Which sound was heard: what came out of the line, laid over the sound's own file."""

from __future__ import annotations

import asyncio
import contextlib
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from telephony.asterisk.prompts import Prompts
from tests.support.rtp import Voice
from tests.support.sound import spoken_ulaw
from tests.telephony.hearing import as_pcm

CITIZEN_SAYS = "小区门口的路灯坏了一个星期了，没有人来修。"
AGENT_SAYS = "您好，请讲，我来给您登记，马上转给街道办理。"

_SAMPLES_PER_SECOND = 8000
#: So much of the sound's beginning is looked for.
_PIECE_SECONDS = 1.5
#: 1 is the same sound, unchanged; another sentence of the same voice has less than a third.
_ALIKE = 0.6
#: A phone of Python on a busy machine sends packets too late, which are left out: what is said by
#: one is looked for in short pieces, and so many must be there, each as it was said.
_SHORT_SECONDS = 0.4
_PIECES_FOUND = 3
_SAID_AGAIN = 4
#: So much of the music is looked for anywhere in its file.
_MUSIC_SECONDS = 0.8


def sound_of(media: str) -> NDArray[np.float64]:
    """The samples of a media's first sound."""
    path = Path(f"{media.partition(',')[0].removeprefix('sound:')}.wav")
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0


def likeness(sound: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
    """How alike the best fitting place in ``heard`` is to the beginning of ``sound``."""
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    return _fit(sound[loud[0] :][: int(_PIECE_SECONDS * _SAMPLES_PER_SECOND)], heard)


async def hears(voice: Voice, media: str, within: float = 30.0) -> None:
    """Wait until a caller has heard this sound."""
    sound = sound_of(media)
    await _heard(voice, lambda heard: likeness(sound, heard) >= _ALIKE, within, media)


async def hears_words(voice: Voice, said: Path, within: float = 15.0) -> None:
    """Wait until somebody has heard these words (raw µ-law), and no others for them."""
    sound = np.frombuffer(as_pcm(said), "<i2") / 32768.0
    step = int(_SHORT_SECONDS * _SAMPLES_PER_SECOND)
    pieces = [sound[start : start + step] for start in range(0, len(sound) - step, step)]
    loud = [one for one in pieces if np.sqrt((one**2).mean()) > 0.03]
    wanted = min(_PIECES_FOUND, len(loud))

    def there(heard: NDArray[np.float64]) -> bool:
        return sum(_fit(one, heard) >= _ALIKE for one in loud) >= wanted

    await _heard(voice, there, within, said.name)


async def hear_each_other(citizen: Voice, agent: Voice) -> None:
    """From now on the agent hears the citizen's words, and the citizen the agent's."""
    agent.say(spoken_ulaw(AGENT_SAYS))  # a phone that sends nothing for long counts as lost
    for speaker, words, listener in (
        (citizen, CITIZEN_SAYS, agent),
        (agent, AGENT_SAYS, citizen),
    ):
        listener.forget()
        await _says_until_heard(speaker, spoken_ulaw(words), listener)


async def _says_until_heard(speaker: Voice, words: Path, listener: Voice) -> None:
    """A phone that a busy machine lets speak in pieces only says it again."""
    for _ in range(_SAID_AGAIN):
        speaker.say(words)
        with contextlib.suppress(AssertionError):
            await hears_words(listener, words, within=12)
            return
    await hears_words(listener, words)


async def hears_music(voice: Voice, prompts: Prompts, within: float = 30.0) -> None:
    """Wait until a caller hears our music, from now on; where in it matters not."""
    voice.forget()
    assert prompts.music is not None
    once = sound_of(f"sound:{prompts.music}")
    music, length = np.concatenate([once, once]), int(_MUSIC_SECONDS * _SAMPLES_PER_SECOND)

    def there(heard: NDArray[np.float64]) -> bool:
        last = heard[-length:]
        return len(last) == length and float((last**2).mean()) > 1e-5 and _fit(last, music) > _ALIKE

    await _heard(voice, there, within, "music")


def prompt(prompts: Prompts, name: str) -> str:
    """Media of a prompt."""
    return prompts.uri(name)


async def _heard(
    voice: Voice, there: Callable[[NDArray[np.float64]], bool], within: float, what: str
) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not there(voice.heard()):
        assert loop.time() < deadline, f"never heard {what}; {voice.heard_seconds():.1f} s of sound"
        await asyncio.sleep(0.2)


def _fit(piece: NDArray[np.float64], sound: NDArray[np.float64]) -> float:
    """How alike the best fitting place in a sound is to a piece: 1 is the same."""
    if len(sound) < len(piece):
        return 0.0
    size = 1 << int(len(sound) + len(piece)).bit_length()
    fitted = np.fft.irfft(np.fft.rfft(sound, size) * np.conj(np.fft.rfft(piece, size)), size)
    sums = np.concatenate([[0.0], np.cumsum(sound**2)])
    energy = sums[len(piece) :] - sums[: -len(piece)]
    scores = fitted[: len(energy)] / np.sqrt(np.maximum(energy, 1e-3) * (piece**2).sum())
    return float(scores.max())
