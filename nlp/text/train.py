"""Learning the hotline's own model from its corpus: types, categories and units at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from models.clock import SystemClock
from nlp.text.classify import Classifier, Scores
from nlp.text.corpus import (
    IMPORTED_ID,
    ORDER_ID,
    CorpusError,
    LabelledText,
    corpus_hash,
    read_corpus,
)
from nlp.text.cues import CueWords
from nlp.text.doubts import thresholds
from nlp.text.evaluate import answers_of, evaluate
from nlp.text.features import FeatureSpace, Floats, known_words, plain
from nlp.text.linear import Learner, Task, task_of, weigh
from nlp.text.model import TextModel, save_model
from nlp.text.resources import Resources
from nlp.text.sounds import sound_table
from nlp.text.versions import switch

#: How many rows at least are needed to learn anything.
FEWEST = 50
#: A category with fewer rows is proposed with a warning.
FEW = 5
#: How many proposals are right where the machine does not abstain, unless the settings say else.
SURE = 0.9


def train(
    corpus: Sequence[Path],
    out_dir: Path,
    resources: Resources,
    *,
    now: datetime | None = None,
    sure: float = SURE,
    activate: bool = True,
    further: Sequence[LabelledText] = (),
) -> TextModel:
    """Learn from ``corpus``, write ``out_dir/<version>/`` and make it the current version.

    Not the latter without ``activate``. ``further``: rows of the city's own.

    Rows kept for testing (:attr:`LabelledText.held_out`) are not learned from; the manifest holds
    the scores on them.
    """
    rows = [*read_corpus(corpus, resources.taxonomy, resources.departments), *further]
    model = fit(rows, resources, now or SystemClock().now(), sure)
    save_model(model, out_dir / model.version)
    if activate:
        switch(out_dir, model.version, by="自动", reason="训练", at=now or SystemClock().now())
    return model


def fit(
    rows: Sequence[LabelledText], resources: Resources, now: datetime, sure: float = SURE
) -> TextModel:
    """Learn from the training part of ``rows`` and measure on the rest.

    ``sure``: the accuracy that a proposal promises where the machine does not abstain.
    """
    begun = time.perf_counter()
    seen = [row for row in rows if not row.held_out]
    unseen = [row for row in rows if row.held_out]
    if len(seen) < FEWEST or not unseen:
        raise CorpusError(
            f"可供训练的语料 {len(seen)} 条、测试 {len(unseen)} 条，训练至少需要 {FEWEST} 条"
        )
    digest = corpus_hash(rows)
    version = f"{now:%Y%m%d-%H%M%S}-{digest[:8]}"
    trainer = _Trainer(seen, resources)
    model = trainer.model(version)
    classifier = Classifier(model, resources)
    by_category = Counter(row.category for row in seen)
    leaves = [leaf.code for leaf in resources.taxonomy.leaves]
    manifest: dict[str, Any] = {
        "trained_at": now.isoformat(timespec="seconds"),
        "corpus_sha256": digest,
        "taxonomy": resources.taxonomy.version,
        "departments": resources.departments.version,
        "rows": {"trained": len(seen), "held_out": len(unseen), "own": _own(rows)},
        "known_words": round(known_words(model.space, [row.text for row in unseen]), 4),
        "features": len(model.space),
        "held_out": evaluate(classifier, unseen).summary(),
        "thresholds": thresholds(answers_of(classifier, seen, trainer.unseen), sure),
        "few": {code: by_category[code] for code in leaves if by_category[code] < FEW},
        "seconds": round(time.perf_counter() - begun, 1),
    }
    return replace(model, manifest=manifest)


def _own(rows: Sequence[LabelledText]) -> int:
    """How many came from the city itself: orders and imported tables."""
    return sum(row.id.startswith((ORDER_ID, IMPORTED_ID)) for row in rows)


class _Trainer:
    """One training run."""

    #: After :meth:`model`: the scores of each row by heads that had not seen it.
    unseen: Sequence[Scores]

    def __init__(self, rows: Sequence[LabelledText], resources: Resources) -> None:
        self._rows = rows
        self._resources = resources
        texts = self._said = [resources.places.masked(row.text) for row in rows]
        # A leaf's name and listed words are a small text of that leaf: something to learn from
        # when nobody has called about it yet.
        leaves = resources.taxonomy.leaves
        lists = ["，".join((*leaf.path, *leaf.words)) for leaf in leaves]
        self._space = FeatureSpace.fit([*texts, *lists], resources.segmenter.words, sound_table())
        self._learner = Learner(self._space.matrix(texts), self._space.matrix(lists))

    def model(self, version: str) -> TextModel:
        tasks = self._tasks()
        learned = {name: self._learner.learn(task) for name, task in tasks.items()}
        unseen = {name: found.unseen for name, found in learned.items()}
        heads = {name: found.head for name, found in learned.items()}
        self.unseen = [
            {name: found.unseen[i] for name, found in learned.items()}
            for i in range(len(self._rows))
        ]
        weighing = {
            name: weigh(tasks[name].target, [unseen[name]])
            for name in ("request_type", "department")
        }
        leaves, level1 = tasks["category"], tasks["level1"]
        above = unseen["level1"][:, level1.lists]
        weighing["category"] = weigh(leaves.target, [unseen["category"], above, self._cue_scores()])
        return TextModel(
            version=version, space=self._space, weighing=weighing, manifest={}, heads=heads
        )

    def _tasks(self) -> dict[str, Task]:
        taxonomy = self._resources.taxonomy
        leaves = tuple(leaf.code for leaf in taxonomy.leaves)
        firsts = tuple(category.code for category in taxonomy.children())
        above = np.array([firsts.index(taxonomy.ancestor(code, 1).code) for code in leaves])
        of_leaf = np.array([leaves.index(row.category) for row in self._rows])
        return {
            "request_type": task_of([row.request_type.value for row in self._rows]),
            "department": task_of([row.department for row in self._rows]),
            "level1": Task(firsts, above[of_leaf], above),
            "category": Task(leaves, of_leaf, np.arange(len(leaves))),
        }

    def _cue_scores(self) -> Floats:
        cues = CueWords(self._resources.taxonomy.leaves, self._space.rarity)
        return np.array([cues.scores(cues.count(plain(text))) for text in self._said])
