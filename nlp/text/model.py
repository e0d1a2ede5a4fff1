"""The trained model: one feature space, linear heads, and how they are weighed into confidences.

On disk it is plain data (``arrays.npz`` without pickles, ``vocabulary.json``, ``manifest.json``),
so that loading a model can run no code; the manifest's SHA-256 are checked before anything is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import HotlineError
from nlp.text.archive import Array, mapped_arrays
from nlp.text.features import FeatureSpace, Row, Words

FORMAT = 2
MANIFEST, ARRAYS, VOCABULARY = "manifest.json", "arrays.npz", "vocabulary.json"
#: Names the version in use, inside the folder that holds the versions.
CURRENT = "current"

#: The score of a class that the training rows never showed: what most classes get, neither for nor
#: against.
NEVER = -1.0

Floats = npt.NDArray[np.float32]


class ModelUnavailable(HotlineError):
    """There is no text model, or it is damaged."""

    code = "model-unavailable"
    title = "文本理解模型暂不可用"


@dataclass(frozen=True)
class Head:
    """One linear classifier: ``scores = row · weights + bias``, a column per class."""

    classes: tuple[str, ...]
    weights: Floats
    bias: Floats

    def scores(self, row: Row) -> Floats:
        """One score per class."""
        scores: Floats = row.weights @ self.weights.take(row.indices, axis=0) + self.bias
        return scores

    def averages(self, features: int) -> Floats:
        """What each of the first ``features`` adds to the average class."""
        averages: Floats = self.weights[:features].mean(axis=1)
        return averages


@dataclass(frozen=True)
class Weighing:
    """How scores become confidences: ``softmax(sharpness · (score + up · above + cues · cue))``.

    ``above`` is the score of the class one level up, ``cue`` that of the listed words; both are
    used for categories only. Fitted on rows that the heads had not seen (cross-validation).
    """

    sharpness: float
    up: float = 0.0
    cues: float = 0.0

    def confidences(self, scores: Floats, above: Floats | None, cue: Floats | None) -> Floats:
        """Confidences that add up to one."""
        total = scores
        if above is not None:
            total = total + self.up * above
        if cue is not None:
            total = total + self.cues * cue
        return softmax(self.sharpness * total)


@dataclass(frozen=True)
class TextModel:
    """Everything learned: a head for each task over one feature space. Immutable; used from
    several threads.

    The hotline's own model has the heads of :data:`HEADS`; one that a city trains on its own labels
    has the one of its task.
    """

    version: str
    space: FeatureSpace
    heads: Mapping[str, Head]
    weighing: Mapping[str, Weighing]
    manifest: Mapping[str, Any]
    #: The weights of all heads side by side, where they lie so; the heads' own are parts of it.
    side_by_side: Floats | None = None

    def scores(self, row: Row) -> dict[str, Floats]:
        """One score per class of every head."""
        if self.side_by_side is None:
            return {name: head.scores(row) for name, head in self.heads.items()}
        # A thousand features from all over the memory: what takes time is going there, so go once.
        taken = self.side_by_side.take(row.indices, axis=0)
        scores: dict[str, Floats] = {}
        end = 0
        for name, head in self.heads.items():
            begin, end = end, end + len(head.classes)
            scores[name] = row.weights @ taken[:, begin:end] + head.bias
        return scores


#: Heads of the hotline's own model.
HEADS = ("request_type", "level1", "category", "department")


def softmax(scores: Floats) -> Floats:
    """Confidences from scores, along the last axis."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    confidences: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return confidences


def save_model(model: TextModel, folder: Path) -> None:
    """Write the model into the new folder ``folder``."""
    folder.mkdir(parents=True)
    space = model.space
    arrays: dict[str, Any] = {"idf": space.idf, "keys": space.keys, "sounds": space.sounds}
    for name, head in model.heads.items():
        arrays[f"{name}.weights"], arrays[f"{name}.bias"] = head.weights, head.bias
    np.savez(folder / ARRAYS, **arrays)
    words = {
        "words": space.words,
        "left_out": sorted(space.left_out),
        "classes": {name: head.classes for name, head in model.heads.items()},
        "weighing": {name: vars(weighing) for name, weighing in model.weighing.items()},
    }
    (folder / VOCABULARY).write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
    manifest = {**model.manifest, "format": FORMAT, "version": model.version}
    manifest["sha256"] = {name: file_hash(folder / name) for name in (ARRAYS, VOCABULARY)}
    (folder / MANIFEST).write_text(
        json.dumps(manifest, ensure_ascii=False, indent=2), encoding="utf-8"
    )


def load_model(folder: Path, words: Words) -> TextModel:
    """Read a model after checking that its files are those that were written.

    :raises ModelUnavailable: when a file is missing, damaged, or of another format.
    """
    manifest = verify_model(folder)
    data = json.loads((folder / VOCABULARY).read_text(encoding="utf-8"))
    arrays = mapped_arrays(folder / ARRAYS)
    weights, heads = _side_by_side(arrays, data["classes"])
    space = FeatureSpace(
        data["words"],
        arrays["keys"].astype(np.uint64),
        arrays["idf"].astype(np.float32),
        arrays["sounds"].astype(np.uint16),
        words,
        data["left_out"],
    )
    return TextModel(
        version=manifest["version"],
        space=space,
        heads=heads,
        weighing={name: Weighing(**values) for name, values in data["weighing"].items()},
        manifest=manifest,
        side_by_side=weights,
    )


def _side_by_side(
    arrays: Mapping[str, Array], classes: Mapping[str, list[str]]
) -> tuple[Floats, dict[str, Head]]:
    width = sum(map(len, classes.values()))
    together = np.empty((len(arrays["idf"]), width), dtype=np.float32)
    heads: dict[str, Head] = {}
    end = 0
    for name, named in classes.items():
        begin, end = end, end + len(named)
        weights = together[:, begin:end]
        stored = arrays[f"{name}.weights"].astype(np.float32, copy=False)
        # As bytes: what is not aligned would be copied number by number.
        weights.view(np.uint8)[...] = stored.view(np.uint8)
        heads[name] = Head(tuple(named), weights, arrays[f"{name}.bias"].astype(np.float32))
    return together, heads


def verify_model(folder: Path) -> dict[str, Any]:
    """The manifest, after checking that the files are those it was written for.

    :raises ModelUnavailable: when a file is missing, damaged, or of another format.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest["sha256"].items():
        path = folder / name
        if not path.is_file() or file_hash(path) != expected:
            raise ModelUnavailable(f"模型文件 {path} 缺失或已损坏，请重新训练：hotline train")
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the model says of itself.

    :raises ModelUnavailable: when it cannot be read or is of another format.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{folder} 不是可用的模型目录，请先训练：hotline train") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelUnavailable(f"{folder} 中的模型与本程序版本不符，请重新训练：hotline train")
    if set(manifest.get("sha256", ())) != {ARRAYS, VOCABULARY}:
        raise ModelUnavailable(f"{folder} 的清单缺少校验值，请重新训练：hotline train")
    return manifest


def current_folder(models_dir: Path) -> Path:
    """The folder of the version in use.

    :raises ModelUnavailable: when none was ever trained.
    """
    try:
        version = (models_dir / CURRENT).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ModelUnavailable("还没有训练过文本理解模型，请先运行 hotline train") from error
    if not version or "/" in version or version.startswith("."):
        raise ModelUnavailable(f"{models_dir / CURRENT} 的内容不是模型版本号")
    return models_dir / version


def make_current(models_dir: Path, version: str) -> None:
    """Switch to a version, in one step that a crash cannot leave half done."""
    if not (models_dir / version / MANIFEST).is_file():
        raise ModelUnavailable(f"没有版本为 {version} 的模型")
    temporary = models_dir / f".{CURRENT}.new"
    temporary.write_text(version + "\n", encoding="utf-8")
    temporary.replace(models_dir / CURRENT)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
