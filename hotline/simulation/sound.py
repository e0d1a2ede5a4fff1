"""Spoken Chinese, made by espeak-ng when it is asked for and kept for the next one."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

#: Bytes of one second of G.711 sound: 8000 samples of one byte.
ULAW_BYTES_PER_SECOND = 8000

_FOLDER = Path(tempfile.gettempdir()) / "hotline-sounds"


def spoken_ulaw(text: str, *, voice: str = "cmn-latn-pinyin", speed: int = 160) -> Path:
    """Raw µ-law, 8 kHz mono, no header: what a phone sends."""
    return _made(text, voice, speed, ".ulaw", ["-t", "ul"])


def spoken_wav(text: str, *, voice: str = "cmn-latn-pinyin", speed: int = 160) -> Path:
    """8 kHz mono 16-bit WAV."""
    return _made(text, voice, speed, ".wav", ["-b", "16", "-t", "wav"])


def _made(text: str, voice: str, speed: int, ending: str, form: list[str]) -> Path:
    _FOLDER.mkdir(exist_ok=True)
    name = hashlib.sha256(f"{voice}\0{speed}\0{text}".encode()).hexdigest()[:16]
    target = _FOLDER / f"{name}{ending}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=_FOLDER) as workshop:
            spoken, draft = Path(workshop) / "spoken.wav", Path(workshop) / "draft"
            speak = ["espeak-ng", "-v", voice, "-s", str(speed), "-w", str(spoken), "--stdin"]
            subprocess.run(speak, input=text.encode(), check=True)
            subprocess.run(["sox", spoken, "-r", "8000", "-c", "1", *form, draft], check=True)
            draft.rename(target)
    return target
