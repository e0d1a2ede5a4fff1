"""Whether somebody speaks: the loudest of a few samples of each packet. Cheap enough for all."""

from __future__ import annotations

import time

#: A voice swings hundreds of times a second: ten samples in 20 ms do not miss it for long.
_EVERY = 16


class VoiceMeter:
    """Of one line. ``level``: peak of signed 16 bit sound above which it counts as a voice."""

    def __init__(self, level: int) -> None:
        self._level = level
        #: When a voice was heard last, on the monotonic clock; the beginning counts as one.
        self.last_voice = time.monotonic()
        #: Pieces of sound in which there was a voice.
        self.voiced = 0

    def hear(self, pcm: bytes) -> None:
        """Take sound: mono, signed 16 bit."""
        samples = memoryview(pcm).cast("h")[::_EVERY].tolist()
        if samples and max(max(samples), -min(samples)) >= self._level:
            self.last_voice = time.monotonic()
            self.voiced += 1
