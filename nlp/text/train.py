"""Learning from labelled texts. The only part that needs scikit-learn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, vstack
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

from models.clock import SystemClock
from nlp.text.classify import NEVER, Classifier
from nlp.text.corpus import CorpusError, LabelledText, corpus_hash, read_corpus
from nlp.text.cues import CueWords
from nlp.text.evaluate import evaluate
from nlp.text.features import FeatureSpace
from nlp.text.model import Floats, Head, TextModel, Weighing, make_current, save_model, softmax
from nlp.text.resources import Resources

#: How many rows at least are needed to learn anything.
FEWEST = 50
_FOLDS = 4
_SEED = 12345

Ints = npt.NDArray[np.int64]


def train(
    corpus: Sequence[Path], out_dir: Path, resources: Resources, *, now: datetime | None = None
) -> TextModel:
    """Learn from ``corpus``, write ``out_dir/<version>/`` and make it the current version.

    Rows kept for testing (:attr:`LabelledText.held_out`) are not learned from; the manifest holds
    the scores on them.
    """
    rows = read_corpus(corpus, resources.taxonomy, resources.departments)
    model = fit(rows, resources, now or SystemClock().now())
    save_model(model, out_dir / model.version)
    make_current(out_dir, model.version)
    return model


def fit(rows: Sequence[LabelledText], resources: Resources, now: datetime) -> TextModel:
    """Learn from the training part of ``rows`` and measure on the rest."""
    begun = time.perf_counter()
    seen = [row for row in rows if not row.held_out]
    unseen = [row for row in rows if row.held_out]
    if len(seen) < FEWEST or not unseen:
        raise CorpusError(
            f"可供训练的语料 {len(seen)} 条、测试 {len(unseen)} 条，训练至少需要 {FEWEST} 条"
        )
    digest = corpus_hash(rows)
    version = f"{now:%Y%m%d-%H%M%S}-{digest[:8]}"
    model = _Trainer(seen, resources).model(version)
    manifest: dict[str, Any] = {
        "trained_at": now.isoformat(timespec="seconds"),
        "corpus_sha256": digest,
        "taxonomy": resources.taxonomy.version,
        "departments": resources.departments.version,
        "rows": {"trained": len(seen), "held_out": len(unseen)},
        "features": len(model.space.vocabulary),
        "held_out": evaluate(Classifier(model, resources), unseen).summary(),
        "seconds": round(time.perf_counter() - begun, 1),
    }
    return replace(model, manifest=manifest)


@dataclass(frozen=True)
class _Task:
    """What one head learns. ``target``: class of each row; ``lists``: of each list of words."""

    classes: tuple[str, ...]
    target: Ints
    lists: Ints | None = None


class _Trainer:
    """One training run."""

    def __init__(self, rows: Sequence[LabelledText], resources: Resources) -> None:
        self._rows = rows
        self._resources = resources
        texts = self._said = [resources.places.masked(row.text) for row in rows]
        # A leaf's name and listed words are a small text of that leaf: something to learn from
        # when nobody has called about it yet.
        leaves = resources.taxonomy.leaves
        lists = ["，".join((*leaf.path, *leaf.words)) for leaf in leaves]
        self._space = FeatureSpace.fit([*texts, *lists], resources.segmenter.words)
        self._texts = self._space.matrix(texts)
        self._lists = self._space.matrix(lists)

    def model(self, version: str) -> TextModel:
        tasks = self._tasks()
        heads = {name: self._head(task) for name, task in tasks.items()}
        unseen = {name: self._out_of_fold(task) for name, task in tasks.items()}
        weighing = {
            name: _weigh(tasks[name].target, [unseen[name]])
            for name in ("request_type", "department")
        }
        leaves, level1 = tasks["category"], tasks["level1"]
        above = unseen["level1"][:, level1.lists]
        weighing["category"] = _weigh(
            leaves.target, [unseen["category"], above, self._cue_scores()]
        )
        return TextModel(
            version=version, space=self._space, weighing=weighing, manifest={}, **heads
        )

    def _tasks(self) -> dict[str, _Task]:
        taxonomy = self._resources.taxonomy
        leaves = tuple(leaf.code for leaf in taxonomy.leaves)
        firsts = tuple(category.code for category in taxonomy.children())
        above = np.array([firsts.index(taxonomy.ancestor(code, 1).code) for code in leaves])
        of_leaf = np.array([leaves.index(row.category) for row in self._rows])
        return {
            "request_type": _task([row.request_type.value for row in self._rows]),
            "department": _task([row.department for row in self._rows]),
            "level1": _Task(firsts, above[of_leaf], above),
            "category": _Task(leaves, of_leaf, np.arange(len(leaves))),
        }

    def _cue_scores(self) -> Floats:
        cues = CueWords(self._resources.taxonomy.leaves, self._space.rarity)
        return np.array([cues.scores(cues.count(text)) for text in self._said])

    def _head(self, task: _Task) -> Head:
        weights, bias = self._fit(task, np.arange(len(self._rows)))
        return Head(classes=task.classes, weights=weights, bias=bias)

    def _out_of_fold(self, task: _Task) -> Floats:
        """Scores of each row by a head that had not seen it."""
        scores = np.zeros((len(self._rows), len(task.classes)), dtype=np.float32)
        folds = KFold(_FOLDS, shuffle=True, random_state=_SEED)
        for known, unknown in folds.split(self._rows):
            weights, bias = self._fit(task, known)
            scores[unknown] = self._texts[unknown] @ weights + bias
        return scores

    def _fit(self, task: _Task, known: Ints) -> tuple[Floats, Floats]:
        rows, target = self._texts[known], task.target[known]
        if task.lists is not None:
            rows, target = vstack([rows, self._lists]), np.concatenate([target, task.lists])
        return _fit_linear(csr_matrix(rows), target, len(task.classes))


def _task(labels: list[str]) -> _Task:
    classes = tuple(sorted(set(labels)))
    return _Task(classes, np.array([classes.index(label) for label in labels]))


def _fit_linear(rows: csr_matrix, target: Ints, classes: int) -> tuple[Floats, Floats]:
    """A linear classifier with a column for every class, shown or not."""
    weights = np.zeros((rows.shape[1], classes), dtype=np.float32)
    bias = np.full(classes, NEVER, dtype=np.float32)
    shown = np.unique(target)
    if len(shown) == 1:
        bias[shown] = -NEVER
        return weights, bias
    machine = LinearSVC(class_weight="balanced", random_state=_SEED).fit(rows, target)
    coefficients, intercept = machine.coef_, machine.intercept_
    if len(shown) == 2:  # scikit-learn keeps one row for both
        coefficients = np.vstack([-coefficients, coefficients])
        intercept = np.concatenate([-intercept, intercept])
    weights[:, shown] = coefficients.T
    bias[shown] = intercept
    return weights, bias


def _weigh(target: Ints, parts: list[Floats]) -> Weighing:
    """Find the weights under which the confidences of unseen rows are most honest.

    ``parts``: scores, and for categories those of the level above and of the listed words.
    Minimises the log loss, which punishes both error and false certainty.
    """
    rows = np.arange(len(target))

    def loss(logs: npt.NDArray[np.float64]) -> float:
        factors = np.exp(logs)
        total = parts[0] + sum(f * part for f, part in zip(factors[1:], parts[1:], strict=True))
        picked = softmax(factors[0] * total)[rows, target]
        return float(-np.log(np.maximum(picked, 1e-9)).mean())

    start = np.log([3.0, 0.5, 0.5][: len(parts)])
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 300})
    factors = [round(float(f), 4) for f in np.exp(np.clip(found.x, -6, 4))]
    return Weighing(*factors)
