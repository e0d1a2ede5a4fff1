"""Trying a model out: does it load, what does it hear, what does it cost on this machine.

``python -m nlp.speech.trial MODEL`` does it and writes JSON; :func:`try_out` runs that in a process
of its own, because libvosk ends the whole process over some broken models.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.errors import SpeechUnavailable
from nlp.speech.audio import from_mu_law
from nlp.speech.text import for_reading

#: Seventeen seconds of synthetic Mandarin over the telephone, raw µ-law.
SENTENCE = Path(__file__).parent / "trial.ulaw"
#: What is said in it.
SPOKEN = (
    "您好，我要反映一个问题。蒸湘北路28号门口的路灯坏了一个星期了，晚上很不安全。"
    "我的电话是13800138000。"
)
_RATE = 8000
_PIECE_BYTES = _RATE // 10 * 2
#: The sentence again and again, so that the time counts and not the first touch of memory.
_ROUNDS = 5
#: Of a core's time, what streams may take together before text comes late (see docs/speech.md).
_USABLE = 0.6
_PATIENCE_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a model did with the test sentence. ``megabytes`` is the memory of the process."""

    load_seconds: float
    megabytes: float
    #: Processor seconds for a second of speech.
    real_time_factor: float
    heard: str

    def live_streams(self, cores: int) -> int:
        """How many people may speak at once; in a conversation of two, one does."""
        return int(cores * _USABLE / max(self.real_time_factor, 1e-6))


def try_out(model: Path) -> Trial:
    """Load ``model`` and let it hear the test sentence.

    :raises SpeechUnavailable: when it does not load or breaks down over it.
    """
    command = [sys.executable, "-m", "nlp.speech.trial", str(model)]
    try:
        done = subprocess.run(
            command,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise SpeechUnavailable(f"语音模型 {model} 试运行超时，本机可能带不动它。") from None
    if done.returncode != 0:
        why = done.stderr.strip().splitlines()[-1:] or [f"进程异常退出（{done.returncode}）"]
        raise SpeechUnavailable(f"语音模型 {model} 无法加载：{why[0]}")
    return Trial(**json.loads(done.stdout))


def _run(model_path: str) -> Trial:
    import vosk

    vosk.SetLogLevel(-1)
    before = time.monotonic()
    model = vosk.Model(model_path)
    loaded = time.monotonic() - before
    sound = from_mu_law(SENTENCE.read_bytes()).tobytes()
    heard = _hear(vosk.KaldiRecognizer(model, _RATE), sound)
    began = time.process_time()
    for _ in range(_ROUNDS):
        _hear(vosk.KaldiRecognizer(model, _RATE), sound)
    spent = time.process_time() - began
    return Trial(
        load_seconds=round(loaded, 2),
        megabytes=round(_resident_megabytes(), 1),
        real_time_factor=round(spent / (_ROUNDS * len(sound) / 2 / _RATE), 4),
        heard=heard,
    )


def _hear(recogniser: Any, sound: bytes) -> str:
    """Piece by piece with interim text, as in a call."""
    told: list[str] = []
    for begin in range(0, len(sound), _PIECE_BYTES):
        if recogniser.AcceptWaveform(sound[begin : begin + _PIECE_BYTES]):
            told.append(json.loads(recogniser.Result())["text"])
        else:
            recogniser.PartialResult()
    told.append(json.loads(recogniser.FinalResult())["text"])
    return "".join(for_reading(text.split()) for text in told if text)


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    # Whatever a library prints must not get into the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answer.write(json.dumps(asdict(_run(sys.argv[1]))))
    answer.flush()
    os._exit(0)
