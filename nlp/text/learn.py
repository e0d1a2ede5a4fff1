"""Learning a task of a city's own: any labels, from its own rows."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from nlp.text.corpus import CorpusError
from nlp.text.coverage import threshold
from nlp.text.evaluate import Answer, report
from nlp.text.features import FeatureSpace, Floats, Words, pieces
from nlp.text.linear import Learner, distinct, scaled, task_of, telling, weigh
from nlp.text.model import MANIFEST, TextModel, Weighing, save_model
from nlp.text.sounds import sound_table
from nlp.text.tables import Example, Examples

#: Fewer rows teach nothing.
FEWEST_ROWS = 10
#: A label with fewer examples is learned, and named as uncertain.
FEW = 10
#: A word this common in ordinary messages that tokenised rows never show was taken out of them.
_COMMON = 3


def learn(
    examples: Examples,
    task: str,
    cut: Words,
    *,
    now: datetime,
    ordinary: Sequence[str] = (),
    wanted: float = 0.9,
) -> TextModel:
    """Learn one task.

    ``ordinary``: messages as people write them; tells which words tokenised rows were stripped of.
    ``wanted``: accuracy that the threshold of speaking up promises.

    :raises CorpusError: when there is too little to learn from, saying what there is.
    """
    begun = time.perf_counter()
    rows, repairs = _learnable(examples)
    texts = [row.text for row in rows]
    left_out = _left_out(texts, cut, ordinary) if examples.tokenised else frozenset()
    space = FeatureSpace.fit(texts, cut, sound_table(), left_out=left_out)
    goal = task_of([row.label for row in rows])
    matrix = space.matrix(texts)
    # The factors saw every row's label, so the figures of rows left out flatter by about a point.
    factors = telling(matrix, goal)
    space = space.reweighted(factors)
    learned = Learner(scaled(matrix, factors)).learn(goal)
    weighing = weigh(goal.target, [learned.unseen])
    answers = _answers(rows, goal.classes, learned.unseen, weighing)
    digest = _hash(rows)
    manifest: dict[str, Any] = {
        "task": task,
        "trained_at": now.isoformat(timespec="seconds"),
        "data_sha256": digest,
        "rows": {"trained": len(rows)},
        "labels": dict(sorted(Counter(row.label for row in rows).items())),
        "tokenised": examples.tokenised,
        "features": len(space),
        "leave_one_out": report(answers).summary(),
        "thresholds": {task: {"wanted": wanted, **vars(threshold(answers, wanted))}},
        "repairs": [*examples.repairs, *repairs],
        "seconds": round(time.perf_counter() - begun, 1),
    }
    return TextModel(
        version=f"{now:%Y%m%d-%H%M%S}-{digest[:8]}",
        space=space,
        heads={task: learned.head},
        weighing={task: weighing},
        manifest=manifest,
    )


def check_folder(folder: Path) -> None:
    """Before hours of learning: whether a model may be written there.

    :raises CorpusError: when the folder holds something else.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise CorpusError(f"目录 {folder} 不是空的，里面也不是模型，请另选一个")


def write_model(model: TextModel, folder: Path) -> None:
    """Write into ``folder``, in place of an earlier model there, without a half-written state."""
    check_folder(folder)
    folder = folder.absolute()
    fresh = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}")
    save_model(model, fresh)
    if folder.is_dir():
        old = folder.with_name(f"{fresh.name}.old")
        folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old)
    else:
        fresh.rename(folder)


def _learnable(examples: Examples) -> tuple[list[Example], list[str]]:
    """Rows whose label can be learned and checked, and what was left out."""
    once = [examples.rows[i] for i in distinct([row.text for row in examples.rows])]
    counts = Counter(row.label for row in once)
    single = sorted(label for label, n in counts.items() if n < 2)
    few = sorted(label for label, n in counts.items() if 2 <= n < FEW)
    rows = [row for row in once if counts[row.label] >= 2]
    if len(set(counts) - set(single)) < 2:
        listed = "、".join(f"{label} {n} 条" for label, n in counts.most_common(12))
        raise CorpusError(f"至少要有两个标签，每个标签至少 2 条；文件里是：{listed}")
    if len(rows) < FEWEST_ROWS:
        raise CorpusError(f"可供学习的只有 {len(rows)} 条，至少需要 {FEWEST_ROWS} 条")
    said = []
    if again := len(examples.rows) - len(once):
        said.append(f"{again} 行正文与前面的重复，只学一次")
    if single:
        said.append(f"标签“{'”“'.join(single)}”只有 1 条样本，学不会也无从检验，已略去")
    if few:
        listed = "、".join(f"{label} {counts[label]} 条" for label in few)
        said.append(f"以下标签样本太少（不足 {FEW} 条），判断不可靠：{listed}")
    return rows, said


def _left_out(texts: Iterable[str], cut: Words, ordinary: Sequence[str]) -> frozenset[str]:
    """Words that ordinary messages use all the time and these never have."""
    shown = {piece for text in texts for piece in pieces(text) or ()}
    usual = Counter(word for text in ordinary for word in set(cut(text)))
    return frozenset(w for w, n in usual.items() if n >= _COMMON and w not in shown)


def _answers(
    rows: Sequence[Example], classes: tuple[str, ...], scores: Floats, weighing: Weighing
) -> list[Answer]:
    confidences = weighing.confidences(scores, None, None)
    order = np.argsort(-confidences, axis=1)[:, :3]
    return [
        Answer(row.label, tuple(classes[i] for i in best), float(confident[best[0]]))
        for row, best, confident in zip(rows, order, confidences, strict=True)
    ]


def _hash(rows: Iterable[Example]) -> str:
    digest = hashlib.sha256()
    for line in sorted(json.dumps([row.text, row.label], ensure_ascii=False) for row in rows):
        digest.update(line.encode())
    return digest.hexdigest()
