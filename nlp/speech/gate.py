"""Lets speech through and keeps silence out, so that a silent leg costs next to nothing."""

from __future__ import annotations

from collections import deque

import numpy as np
import webrtcvad

from models.speech import SpeechProfile

#: Length of what is judged at a time.
FRAME_SECONDS = 0.03
#: How strictly WebRTC's detector tells voice from noise, 0–3.
_STRICTNESS = 2
#: Root mean square of 16-bit samples below which nothing is a voice.
_QUIETEST = 60.0
#: The gate opens when this many of the last frames are voiced…
_VOICED_TO_OPEN, _OF_LAST = 3, 6
#: …and closes after so many seconds without voice: longer than the recogniser's own end-point
#: rules, which need the silence to find the end by themselves. Who dictates stops to think.
_HANG_OVER = {SpeechProfile.DIALOGUE: 1.2, SpeechProfile.DICTATION: 2.4}


class VoiceGate:
    """Judges one stream frame by frame."""

    def __init__(self, rate: int, profile: SpeechProfile = SpeechProfile.DIALOGUE) -> None:
        self.frame_bytes = int(rate * FRAME_SECONDS) * 2
        self.open = False
        self._rate = rate
        self._hang_over = _HANG_OVER[profile]
        self._detector = webrtcvad.Vad(_STRICTNESS)
        self._recent: deque[bool] = deque(maxlen=_OF_LAST)
        self._silent = 0

    def judge(self, frame: bytes) -> bool:
        """Take the next frame; gives whether the gate is open now."""
        voiced = self._voiced(frame)
        self._recent.append(voiced)
        self._silent = 0 if voiced else self._silent + 1
        if not self.open:
            self.open = sum(self._recent) >= _VOICED_TO_OPEN
        elif self._silent * FRAME_SECONDS > self._hang_over:
            self.open = False
            self._recent.clear()
        return self.open

    def _voiced(self, frame: bytes) -> bool:
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float32)
        if float(np.sqrt(np.mean(samples**2))) < _QUIETEST:
            return False
        return bool(self._detector.is_speech(frame, self._rate))
