"""Learning linear classifiers, and honest confidences for them.

Everything that learns from labels goes through here: the hotline's own types, categories and units,
and whatever label set a city brings.

The classifier is ridge regression on ±1, solved exactly over the rows (there are fewer of them than
features): as good as a support vector machine on such texts, all classes at once, and what each row
would have got from a model that had never seen it (leave one out) falls out of the same inverse. So
confidences and thresholds are fitted on honest scores without training anew. Beyond
:data:`MOST_EXACT` rows the inverse grows too large; there a support vector machine is trained, once
for each fold and once for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg import inv
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags, vstack

from nlp.text.features import Floats, plain
from nlp.text.key_table import Ints
from nlp.text.model import NEVER, Head, Weighing, softmax

#: Rows up to which the exact solution is used: 0.6 GB, half a minute on two cores.
MOST_EXACT = 12_000
#: How much large weights cost; how far rare classes are lifted (0 not, 1 to equal say).
_RIDGE, _BALANCE = 0.3, 0.5
#: Features of more rows than this are multiplied as a dense block: much faster.
_COMMON = 300
_FOLDS = 3
#: Rows of the usual mixture added to those of a feature, and the least that a feature counts.
_PRIOR, _FLOOR = 2.0, 0.1
_SEED = 12345


@dataclass(frozen=True)
class Task:
    """What one head learns. ``target``: class of each row; ``lists``: of each further row that is
    always learned from and never measured on."""

    classes: tuple[str, ...]
    target: Ints
    lists: Ints | None = None


@dataclass(frozen=True)
class Learned:
    """A head, and the scores of each row by a head that had not seen it."""

    head: Head
    unseen: Floats


def task_of(labels: Sequence[str]) -> Task:
    """A task whose classes are the labels that occur."""
    classes = tuple(sorted(set(labels)))
    number = {label: i for i, label in enumerate(classes)}
    return Task(classes, np.array([number[label] for label in labels], dtype=np.int64))


class Learner:
    """Rows to learn from. ``lists``: rows only learned from, by tasks that have labels for them."""

    def __init__(self, texts: csr_matrix, lists: csr_matrix | None = None) -> None:
        self._texts = texts
        self._all = texts if lists is None else csr_matrix(vstack([texts, lists]))

    def learn(self, task: Task) -> Learned:
        """Learn from every row."""
        rows, target = self._texts, task.target
        if task.lists is not None:
            rows, target = self._all, np.concatenate([target, task.lists])
        if rows.shape[0] > MOST_EXACT:
            return _learn_in_folds(rows, target, task)
        return self._learn_exactly(rows, target, task)

    def _learn_exactly(self, rows: csr_matrix, target: Ints, task: Task) -> Learned:
        count, classes = len(target), len(task.classes)
        goal = np.where(target[:, None] == np.arange(classes), 1.0, -1.0)
        sizes = np.bincount(target, minlength=classes)
        heavy = (count / (classes * sizes[target])) ** _BALANCE
        kernel = self._kernel[:count, :count] + np.float32(1.0)
        kernel[np.diag_indices(count)] += _RIDGE / heavy
        inverse = inv(kernel, overwrite_a=True, check_finite=False)
        parts = inverse @ goal
        unseen = goal - parts / np.diag(inverse)[:, None]
        head = Head(
            classes=task.classes,
            weights=np.asarray(rows.T @ parts, dtype=np.float32),
            bias=parts.sum(axis=0).astype(np.float32),
        )
        return Learned(head, unseen[: len(task.target)].astype(np.float32))

    @cached_property
    def _kernel(self) -> npt.NDArray[np.float64]:
        """How alike every two rows are."""
        rows = self._all
        common = np.bincount(rows.indices, minlength=rows.shape[1]) > _COMMON
        rare = csr_matrix(rows @ diags((~common).astype(np.float32)))
        rare.eliminate_zeros()
        dense = rows[:, np.flatnonzero(common)].toarray()
        alike: npt.NDArray[np.float64] = (rare @ rare.T).toarray() + dense @ dense.T
        return alike.astype(np.float64)


def telling(rows: csr_matrix, task: Task) -> Floats:
    """How much each feature tells of the classes: the root of the divergence of its rows' classes
    from those of all rows. Rare features are held near the average, and none falls to nothing.

    Multiplied into the features' weights it lifts accuracy by half a point on long letters, of
    which most words have nothing to do with the matter.
    """
    shown = csr_matrix((np.ones(rows.nnz), rows.indices, rows.indptr), shape=rows.shape)
    share = np.bincount(task.target, minlength=len(task.classes)) / len(task.target)
    texts = np.asarray(shown.sum(axis=0)).ravel()
    divergence = np.zeros(rows.shape[1])
    for number, usual in enumerate(share):
        here = np.asarray(shown[task.target == number].sum(axis=0)).ravel()
        found = (here + _PRIOR * usual) / (texts + _PRIOR)
        divergence += found * np.log(found / usual)
    factors: Floats = np.sqrt(_FLOOR + np.maximum(divergence, 0)).astype(np.float32)
    return factors


def scaled(rows: csr_matrix, factors: Floats) -> csr_matrix:
    """Rows after their features were reweighted: of length one again."""
    heavier = csr_matrix(rows @ diags(factors))
    lengths = np.sqrt(np.asarray(heavier.multiply(heavier).sum(axis=1)).ravel())
    return csr_matrix(diags(1 / np.maximum(lengths, 1e-9).astype(np.float32)) @ heavier)


def distinct(texts: Sequence[str]) -> Ints:
    """The number of each text where it is said first: said again it would be judged by itself."""
    first: dict[bytes, int] = {}
    for number, text in enumerate(texts):
        first.setdefault(hashlib.sha256(plain(text).encode()).digest(), number)
    return np.array(list(first.values()), dtype=np.int64)


def _learn_in_folds(rows: csr_matrix, target: Ints, task: Task) -> Learned:
    folds = np.random.default_rng(_SEED).integers(_FOLDS, size=len(task.target))
    classes = len(task.classes)
    unseen = np.zeros((len(folds), classes), dtype=np.float32)
    for fold in range(_FOLDS):
        away = np.flatnonzero(folds == fold)
        known = np.setdiff1d(np.arange(len(target)), away)
        weights, bias = _support_vectors(rows[known], target[known], classes)
        unseen[away] = rows[away] @ weights + bias
    weights, bias = _support_vectors(rows, target, classes)
    return Learned(Head(classes=task.classes, weights=weights, bias=bias), unseen)


def _support_vectors(rows: csr_matrix, target: Ints, classes: int) -> tuple[Floats, Floats]:
    """A linear classifier with a column for every class, shown or not."""
    from sklearn.svm import LinearSVC  # takes seconds to import

    weights = np.zeros((rows.shape[1], classes), dtype=np.float32)
    bias = np.full(classes, NEVER, dtype=np.float32)
    shown = np.unique(target)
    if len(shown) == 1:
        bias[shown] = -NEVER
        return weights, bias
    machine = LinearSVC(C=0.3, class_weight="balanced", random_state=_SEED).fit(rows, target)
    coefficients, intercept = machine.coef_, machine.intercept_
    if len(shown) == 2:  # scikit-learn keeps one row for both
        coefficients = np.vstack([-coefficients, coefficients])
        intercept = np.concatenate([-intercept, intercept])
    weights[:, shown] = coefficients.T
    bias[shown] = intercept
    return weights, bias


def weigh(target: Ints, parts: Sequence[Floats]) -> Weighing:
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

    start = np.log([5.0, 0.5, 0.5][: len(parts)])
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 300})
    factors = [round(float(f), 4) for f in np.exp(np.clip(found.x, -6, 4))]
    return Weighing(*factors)
