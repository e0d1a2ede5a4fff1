"""Pure tones, so that a test can tell who is heard."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hotline.simulation.rtp import Voice

_RATE = 8000
_SECONDS = 90
_KEY_SECONDS = 0.3
#: Share of the loudest tone that counts as silence beside it.
_FAINT = 0.08
_WINDOW_SECONDS = 0.4


def tone_ulaw(hertz: int) -> Path:
    """Raw µ-law of one tone, long enough for any story."""
    return _kept(f"tone-{hertz}", lambda: _sine(hertz, _SECONDS))


def keys_ulaw(keys: str) -> Path:
    """Raw µ-law of keys as they sound, pressed slowly: a busy machine may send what belongs apart
    in one go, and the exchange goes by its own clock.
    """

    def sound() -> NDArray[np.float64]:
        pause = np.zeros(round(_RATE * _KEY_SECONDS))
        tones = [sum(_sine(hertz, _KEY_SECONDS) for hertz in key_tones(key)) for key in keys]
        return np.concatenate([part for one in tones for part in (pause, one, pause)])

    name = keys.replace("*", "s").replace("#", "p")
    return _kept(f"slow-keys-{name}", sound)


def key_tones(key: str) -> tuple[int, int]:
    """The two tones of a key, after ITU-T Q.23."""
    row, column = divmod("123A456B789C*0#D".index(key), 4)
    return (697, 770, 852, 941)[row], (1209, 1336, 1477, 1633)[column]


def _sine(hertz: int, seconds: float) -> NDArray[np.float64]:
    return 0.25 * np.sin(2 * np.pi * hertz * np.arange(round(_RATE * seconds)) / _RATE)


def _kept(name: str, sound: Callable[[], NDArray[np.float64]]) -> Path:
    path = Path(tempfile.gettempdir()) / "hotline-sounds" / f"{name}.ulaw"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        draft = path.with_suffix(f".{id(path)}")
        draft.write_bytes(_encoded(sound()))
        draft.replace(path)
    return path


def _encoded(samples: NDArray[np.float64]) -> bytes:
    """G.711 µ-law, after ITU-T G.711."""
    size = np.minimum(np.abs(samples * 32768).astype(np.int32), 32635) + 0x84
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    return (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8).tobytes()


def strength(samples: NDArray[np.float64], hertz: int) -> float:
    """Amplitude of one tone in some sound."""
    if not len(samples):
        return 0.0
    times = np.arange(len(samples)) / _RATE
    return float(2 * abs(np.mean(samples * np.exp(-2j * np.pi * hertz * times))))


async def hears_only(voice: Voice, *hertz: int, of: tuple[int, ...], within: float = 8.0) -> bool:
    """Wait until of the tones ``of`` just these are heard, for the length of a window.

    What was heard before is forgotten; a tone that is still faintly there is no silence.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while loop.time() < deadline:
        voice.forget()
        if not await _listen(voice, bool(hertz), deadline):
            return False
        samples = voice.heard()
        heard = {one for one in of if strength(samples, one) > 0.25 * _FAINT}
        loud = {one for one in of if strength(samples, one) > 0.25 / 2}
        if heard == loud == set(hertz):
            return True
    return False


async def _listen(voice: Voice, something: bool, deadline: float) -> bool:
    """A window of sound, or of time when nothing is expected."""
    loop = asyncio.get_running_loop()
    if not something:
        await asyncio.sleep(_WINDOW_SECONDS)
        return True
    while len(voice.heard()) < _RATE * _WINDOW_SECONDS:
        if loop.time() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True
