"""From a recording to its transcript, through the same workers as a live call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from config.settings import Settings
from models.errors import SpeechUnavailable
from models.speech import SpeechProfile, Utterance
from models.vocabulary import Leg
from nlp.speech.audio import Samples, read_wav
from nlp.speech.service import SpeechService

#: Told how much of the recording is done, 0–1.
OnProgress = Callable[[float], None]


async def transcribe_file(
    service: SpeechService,
    path: Path,
    on_progress: OnProgress | None = None,
    profile: SpeechProfile = SpeechProfile.DIALOGUE,
) -> list[Utterance]:
    """The final utterances of a recording in the order of their beginning.

    Two channels are two speakers: the left one the caller, the right one the agent. Ids are unique;
    ``call_id`` is empty and times count from the beginning of the file.

    :raises InvalidInput: when the file is no recording.
    :raises SpeechUnavailable: when it could not be recognised throughout.
    """
    recording = await asyncio.to_thread(read_wav, path)
    shares = [0.0] * len(recording.channels)

    async def channel(number: int, samples: Samples, leg: Leg) -> list[Utterance]:
        def note(share: float) -> None:
            shares[number] = share
            if on_progress:
                on_progress(sum(shares) / len(shares))

        return await service.recognise(samples.tobytes(), recording.rate, leg, note, profile)

    legs = (Leg.CALLER, Leg.AGENT)
    heard = await asyncio.gather(
        *(channel(n, samples, legs[n]) for n, samples in enumerate(recording.channels))
    )
    return sorted((item for part in heard for item in part), key=lambda item: item.start)


async def transcribe_wav(
    path: Path,
    settings: Settings,
    on_progress: OnProgress | None = None,
    profile: SpeechProfile = SpeechProfile.DIALOGUE,
) -> tuple[list[Utterance], bool]:
    """Transcribe one file with workers of its own; also tells whether speakers are apart.

    :raises InvalidInput: when the file is no recording.
    :raises SpeechUnavailable: when there is no model.
    """
    recording = await asyncio.to_thread(read_wav, path)
    service = SpeechService(settings, lambda _: None)
    await service.start()
    try:
        if not service.status.available:
            raise SpeechUnavailable(service.status.reason)
        heard = await transcribe_file(service, path, on_progress, profile)
        return heard, len(recording.channels) > 1
    finally:
        await service.stop()


def to_json(utterances: Sequence[Utterance], *, speakers_known: bool) -> list[dict[str, Any]]:
    """The public form of a transcript (``hotline transcribe --json``).

    ``speaker`` (``caller`` or ``agent``) is left out where the recording does not tell.
    """
    return [_as_json(utterance, speakers_known) for utterance in utterances]


def _as_json(utterance: Utterance, speakers_known: bool) -> dict[str, Any]:
    speaker = {"speaker": utterance.leg.value.lower()} if speakers_known else {}
    return {
        **speaker,
        "start": utterance.start,
        "end": utterance.end,
        "text": utterance.text,
        "raw": utterance.raw,
        "confidence": utterance.confidence,
    }
