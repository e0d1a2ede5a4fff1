"""A model of one task put to work: any label set, all labels with their confidence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from models.errors import HotlineError
from nlp.jsonl_lines import answer_lines
from nlp.text.features import Words
from nlp.text.model import Head, TextModel, Weighing, load_model


class ManyTasks(HotlineError):
    """A model with several heads was given where one of a single task is needed."""

    code = "many-tasks"
    title = "不是单任务模型"


@dataclass(frozen=True, kw_only=True)
class Label:
    """One label and how sure the model is of it, 0–1; all of a text add up to one."""

    label: str
    confidence: float


class Labeller:
    """Labels texts. Immutable, safe from several threads."""

    def __init__(self, model: TextModel) -> None:
        """:raises ManyTasks: for the hotline's own model."""
        if len(model.heads) != 1:
            raise ManyTasks(
                f"模型 {model.version} 含 {len(model.heads)} 个任务；"
                "请给出用 hotline train --data … --out DIR 训练的模型目录"
            )
        self.model = model
        self._head: Head
        ((self.task, self._head),) = model.heads.items()
        self._weighing: Weighing = model.weighing[self.task]

    @classmethod
    def load(cls, folder: Path, cut: Words) -> Labeller:
        """Read a model folder.

        :raises ModelUnavailable: when it is missing or damaged.
        """
        return cls(load_model(folder, cut))

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label it knows."""
        return self._head.classes

    def label(self, text: str) -> list[Label]:
        """All labels, likeliest first. A text of which nothing is known gets the shares of the
        training rows' scores without any word: little more than a guess."""
        scores = self._head.scores(self.model.space.row(text))
        confidences = self._weighing.confidences(scores, None, None)
        order = (-confidences).argsort(kind="stable")
        return [Label(label=self._head.classes[i], confidence=float(confidences[i])) for i in order]


def label_jsonl(
    stream_in: TextIO, stream_out: TextIO, labeller: Labeller, *, errors: TextIO | None = None
) -> int:
    """One line of ``{"id", "labels"}`` for each of ``{"id", "text"}``; see :func:`answer_lines`."""

    def answer(_id: str | int, text: str) -> dict[str, Any]:
        found = labeller.label(text)
        return {"labels": [{"label": f.label, "confidence": round(f.confidence, 6)} for f in found]}

    return answer_lines(stream_in, stream_out, answer, errors=errors)
