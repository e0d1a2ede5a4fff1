"""What service and worker processes say to each other over pipes.

Each frame is a kind (one byte), a stream number and a length (32 bit, little endian), and that
many bytes of payload: sound, a fixed struct, or JSON.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

from models.speech import SpeechProfile, Word

HEADER = struct.Struct("<BII")
_PROGRESS = struct.Struct("<QQ")
_PLACE = struct.Struct("<Q")
#: No honest frame is longer; anything above means that the pipe carries garbage.
MAX_PAYLOAD = 16 * 1024 * 1024


class Kind(IntEnum):
    """Kinds of frames: the first five go to the worker, the others come from it."""

    OPEN = 1
    AUDIO = 2
    CLOSE = 3
    #: Nobody waits for this stream any more: what is queued for it is passed over.
    DROP = 4
    #: One byte, for all streams: whether interim text is worth its time now.
    PARTIALS = 5
    READY = 10
    HEARD = 11
    PROGRESS = 12
    CLOSED = 13
    FAILED = 14


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How a stream begins. ``start`` is the first sample's place in the leg."""

    rate: int = 8000
    start: int = 0
    #: Number of the first utterance, so that a second worker goes on counting.
    first_utterance: int = 0
    partials: bool = True
    profile: SpeechProfile = SpeechProfile.DIALOGUE


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An utterance as the worker tells it; times in seconds since the leg's first sample."""

    number: int
    start: float
    end: float
    raw: str
    text: str
    final: bool
    confidence: float = 0.0
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Samples of the leg that were worked through, and those that nobody will need again."""

    done: int
    settled: int


def frame(kind: Kind, stream: int, payload: bytes = b"") -> bytes:
    """One frame as bytes."""
    return HEADER.pack(kind, stream, len(payload)) + payload


def json_frame(kind: Kind, stream: int, content: object) -> bytes:
    """One frame with a JSON payload."""
    return frame(kind, stream, json.dumps(content, ensure_ascii=False).encode())


def open_frame(stream: int, opening: Opening) -> bytes:
    """The frame that opens a stream."""
    return json_frame(Kind.OPEN, stream, asdict(opening))


def audio_frame(stream: int, start: int, sound: bytes) -> bytes:
    """The frame with sound that begins at the leg's sample ``start``."""
    return frame(Kind.AUDIO, stream, _PLACE.pack(start) + sound)


def heard_frame(stream: int, heard: Heard) -> bytes:
    """The frame that tells an utterance."""
    return json_frame(Kind.HEARD, stream, asdict(heard))


def progress_frame(stream: int, progress: Progress) -> bytes:
    """The frame that tells how far a stream is."""
    return frame(Kind.PROGRESS, stream, _PROGRESS.pack(progress.done, progress.settled))


def read_opening(payload: bytes) -> Opening:
    """Payload of OPEN."""
    content: dict[str, Any] = json.loads(payload)
    return Opening(profile=SpeechProfile(content.pop("profile")), **content)


def read_audio(payload: bytes) -> tuple[int, bytes]:
    """Payload of AUDIO: first sample, sound."""
    return _PLACE.unpack_from(payload)[0], payload[_PLACE.size :]


def read_heard(payload: bytes) -> Heard:
    """Payload of HEARD."""
    content: dict[str, Any] = json.loads(payload)
    words = tuple(Word(**word) for word in content.pop("words"))
    return Heard(words=words, **content)


def read_progress(payload: bytes) -> Progress:
    """Payload of PROGRESS."""
    done, settled = _PROGRESS.unpack(payload)
    return Progress(done=done, settled=settled)
