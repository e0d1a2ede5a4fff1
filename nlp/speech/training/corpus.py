"""The spoken training material: sentences, who says them, their phones and features.

Written to one ``corpus.npz`` in the work folder: features of all utterances one after the other
as float16, in :data:`VERSIONS` versions (each another line), and the outputs they stand for.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import resample_poly

from nlp.speech.training.features import BINS, Features, filter_bank
from nlp.speech.training.phones import PHONES, syllables
from nlp.speech.training.telephone import call
from nlp.speech.training.voice import Audio, Speaker

VERSIONS = 3
#: Voices of the training; the plain one is what most callers of tests have.
TRAINING_VARIANTS = (
    *("", "", "", "", "f1", "f2", "f4", "f5", "m1", "m2", "m3", "m5", "m6", "m7", "m8"),
    *("Annie", "linda", "steph", "anika", "Andy", "david", "Denis", "max", "klatt2", "Gene"),
    *("belinda", "Alex", "Andrea", "AnxiousAndy", "Diogo", "Henrique", "Hugo", "Jacky", "Lee"),
    *("Marco", "Mario", "Mike", "Nguyen", "RicishayMax", "Storm", "announcer", "antonio"),
    *("aunty", "benjamin", "boris", "caleb", "croak", "ed", "edward", "grandma", "grandpa"),
    *("gustave", "iven", "john", "kaukovalta", "klatt", "klatt3", "klatt4", "marcelo", "michel"),
    *("miguel", "norbert", "paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby"),
    *("steph3", "travis", "victor", "zac"),
)
#: Voices for choosing settings, and for measuring: neither are ever trained on.
DEVELOPMENT_VARIANTS = ("steph2", "Michael", "pablo", "iven2")
EVALUATION_VARIANTS = ("f3", "m4", "Alicia", "adam")
#: The middle speeds are left out, so that the usual 150 is not trained on either.
TRAINING_SPEEDS = (*range(115, 147), *range(155, 188))
EVALUATION_SPEEDS = (148, 150, 152)
#: Output 0 of the network is the blank.
OUTPUT = {phone: number for number, phone in enumerate(PHONES, start=1)}


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """One utterance: its outputs, and its features as heard over several lines."""

    outputs: list[int]
    versions: list[Features]


def speaker(rng: random.Random) -> Speaker:
    """Somebody out of the training voices."""
    return Speaker(
        variant=rng.choice(TRAINING_VARIANTS),
        speed=rng.choice(TRAINING_SPEEDS),
        pitch=rng.randint(30, 70),
    )


def pronounce(text: str, by: Speaker) -> tuple[Audio, list[int]] | None:
    """Speech and outputs of ``text``; None when espeak-ng says something else than Mandarin."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["espeak-ng", *by.arguments, "-x", "-w", file.name, "--", text]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rate, samples = wavfile.read(file.name)
    said = syllables(done.stdout)
    if not said or len(samples) < rate // 10:
        return None
    audio = resample_poly(samples.astype(np.float32) / 32768, 160, 441)
    return audio, [OUTPUT[phone] for syllable in said for phone in syllable]


def _utter(task: tuple[int, str]) -> Spoken | None:
    seed, text = task
    pronounced = pronounce(text, speaker(random.Random(seed)))
    if pronounced is None:
        return None
    audio, outputs = pronounced
    rng = np.random.default_rng(seed)
    return Spoken(
        outputs=outputs,
        versions=[filter_bank(call(audio, rng), rng) for _ in range(VERSIONS)],
    )


def build(texts: Sequence[str], path: Path, report: Callable[[int, int], None]) -> None:
    """Speak all ``texts`` and write the corpus to ``path``."""
    with ProcessPoolExecutor() as pool:
        spoken = list(_counted(pool.map(_utter, enumerate(texts), chunksize=20), texts, report))
    heard = [item for item in spoken if item is not None]
    arrays: dict[str, Any] = {
        "outputs": np.concatenate([item.outputs for item in heard]),
        "output_counts": [len(item.outputs) for item in heard],
        "frame_counts": [[len(version) for version in item.versions] for item in heard],
    }
    for number in range(VERSIONS):
        features = np.concatenate([item.versions[number] for item in heard])
        arrays[f"features{number}"] = features.astype(np.float16)
    np.savez(path, **arrays)


def _counted(
    results: Iterator[Spoken | None], texts: Sequence[str], report: Callable[[int, int], None]
) -> Iterator[Spoken | None]:
    for number, result in enumerate(results, start=1):
        if number % 100 == 0 or number == len(texts):
            report(number, len(texts))
        yield result


def load(path: Path) -> list[Spoken]:
    """Read a corpus written by :func:`build`."""
    data = np.load(path)
    outputs = np.split(data["outputs"], np.cumsum(data["output_counts"])[:-1])
    counts: NDArray[np.int64] = data["frame_counts"]
    versions = [
        np.split(data[f"features{number}"], np.cumsum(counts[:, number])[:-1])
        for number in range(VERSIONS)
    ]
    return [
        Spoken(outputs=said.tolist(), versions=list(heard))
        for said, heard in zip(outputs, zip(*versions, strict=True), strict=True)
    ]


def moments(corpus: Sequence[Spoken]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each bin."""
    total, squares, frames = np.zeros(BINS), np.zeros(BINS), 0
    for spoken in corpus:
        features = spoken.versions[0].astype(np.float64)
        total += features.sum(axis=0)
        squares += (features**2).sum(axis=0)
        frames += len(features)
    mean = total / frames
    return mean, np.sqrt(squares / frames - mean**2)
