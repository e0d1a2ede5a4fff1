"""``python -m bench.similar``: earlier orders of the same matter, found among very many.

Memory, latency and recall of the index, beside TF-IDF that reads every order, in the same run. The
orders are made: clauses of the seed corpus in new company, at invented places. For each question
the right answer is known: it is an earlier order at the same place, told in other words in part.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from bench.figures import Row, machine, percentile, table
from nlp.corpus import seed_files
from nlp.similar.grams import BUCKETS, grams_of
from nlp.similar.index import Reach, SimilarIndex

_BATCH = 20_000
_ENDS = ("路", "街", "巷", "小区", "花园", "村", "大道", "家园", "市场", "学校", "公园", "工地")
_NAMES = "安宁和平新华建设湘江东风胜利光明幸福长春金山银河石鼓雁峰蒸水青草桥头林荫花园康乐文化"
_CLAUSE = re.compile(r"[，。！？；\n]+")
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Question:
    """A new demand, and the number of the earlier order of the same matter."""

    text: str
    answer: int


class OrderMaker:
    """Makes orders, always the same ones."""

    def __init__(self, seed: int = 12345) -> None:
        self._random = random.Random(seed)
        self._clauses = _clauses()
        self._asked: dict[int, tuple[str, list[str]]] = {}

    def texts(self, count: int, questions: int) -> Iterator[list[str]]:
        """Batches of orders; ``questions`` of them, spread over all, will be asked for."""
        every = max(1, count // questions)
        batch = []
        for number in range(count):
            place, clauses = self._place(), self._some_clauses()
            if number % every == 0 and len(self._asked) < questions:
                self._asked[number] = (place, clauses)
            batch.append(place + "，".join(clauses))
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def questions(self) -> list[Question]:
        """The same matter again: half of it in other words, the rest in another order."""
        return [
            Question(self._told_anew(place, clauses), number)
            for number, (place, clauses) in self._asked.items()
        ]

    def _told_anew(self, place: str, clauses: list[str]) -> str:
        kept = self._random.sample(clauses, (len(clauses) + 1) // 2)
        others = self._random.sample(self._clauses, len(clauses) - len(kept))
        told = [*kept, *others]
        self._random.shuffle(told)
        return "，".join([told[0], f"在{place}", *told[1:]])

    def _place(self) -> str:
        name = "".join(self._random.choices(_NAMES, k=self._random.choice((2, 2, 3))))
        return f"{name}{self._random.choice(_ENDS)}{self._random.randint(1, 300)}号"

    def _some_clauses(self) -> list[str]:
        return self._random.sample(self._clauses, self._random.randint(4, 10))


class EveryOrder:
    """The alternative: TF-IDF of the same runs, every order compared."""

    def __init__(self) -> None:
        self._parts: list[csr_matrix] = []
        self._matrix: csr_matrix | None = None
        self._rarity: Floats = np.empty(0, dtype=np.float32)

    def add(self, texts: Sequence[str]) -> None:
        """Take in a batch."""
        grams = grams_of(texts)
        weights = 1 + np.log(grams.counts.astype(np.float32))
        shape = (grams.texts, BUCKETS)
        self._parts.append(csr_matrix((weights, grams.features, grams.starts), shape=shape))

    def finish(self) -> None:
        """Weigh what was taken in."""
        matrix = vstack(self._parts, format="csr", dtype=np.float32)
        self._parts = []
        with_it = np.bincount(matrix.indices, minlength=BUCKETS)
        self._rarity = (np.log((1 + matrix.shape[0]) / (1 + with_it)) + 1).astype(np.float32)
        matrix.data *= self._rarity[matrix.indices]
        squares = np.add.reduceat(matrix.data**2, np.minimum(matrix.indptr[:-1], matrix.nnz - 1))
        matrix.data /= np.repeat(np.sqrt(squares), np.diff(matrix.indptr))
        self._matrix = matrix

    @property
    def nbytes(self) -> int:
        """Memory of it."""
        assert self._matrix is not None, "finish() comes first"
        held = (self._matrix.data, self._matrix.indices, self._matrix.indptr)
        return sum(int(array.nbytes) for array in held)

    def search(self, text: str, limit: int) -> list[int]:
        """Numbers of the orders most alike."""
        assert self._matrix is not None, "finish() comes first"
        grams = grams_of([text])
        asked = np.zeros(BUCKETS, dtype=np.float32)
        asked[grams.features] = (1 + np.log(grams.counts)) * self._rarity[grams.features]
        scores = self._matrix @ asked
        best = np.argpartition(-scores, limit)[:limit]
        return [int(doc) for doc in best[np.argsort(-scores[best])]]


@dataclass(frozen=True, kw_only=True)
class Found:
    """How a search did."""

    milliseconds: list[float]
    #: Of the processor, whatever else the machine did.
    worked: list[float]
    first: float
    five: float


def measure(count: int, questions: int, compared: int) -> list[Row]:
    """Index ``count`` orders and ask. ``compared``: questions that every order is read for."""
    maker, index, every = OrderMaker(), SimilarIndex(Reach()), EveryOrder()
    building = characters = 0.0
    for batch in maker.texts(count, questions):
        characters += sum(map(len, batch))
        began = time.perf_counter()
        index.add(batch)
        building += time.perf_counter() - began
        if compared:
            every.add(batch)
        _tell(f"{len(index):,} orders, {building:.0f} s")
    began = time.perf_counter()
    index.compact()
    building += time.perf_counter() - began
    asked = maker.questions()
    ours = _ask(asked, lambda text: [hit.doc for hit in index.search(text, 10)])
    adding = _adding(index)
    note = f"{count:,} orders of {characters / count:.0f} characters"
    theirs, theirs_bytes = None, None
    if compared:
        every.finish()
        chosen = asked[:: max(1, len(asked) // compared)]
        theirs = _ask(chosen, lambda text: every.search(text, 10))
        theirs_bytes = every.nbytes
    return _rows(ours, theirs, index.nbytes, theirs_bytes, building, adding, note)


def _ask(questions: Sequence[Question], search: object) -> Found:
    assert callable(search)
    spent, worked, first, five = [], [], 0, 0
    for question in questions:
        began, began_work = time.perf_counter(), time.thread_time()
        found = search(question.text)
        worked.append(1000 * (time.thread_time() - began_work))
        spent.append(1000 * (time.perf_counter() - began))
        first += found[:1] == [question.answer]
        five += question.answer in found[:5]
    return Found(
        milliseconds=spent,
        worked=worked,
        first=first / len(questions),
        five=five / len(questions),
    )


def _adding(index: SimilarIndex) -> list[float]:
    """Milliseconds to take in one new order."""
    spent = []
    for number, batch in enumerate(OrderMaker(seed=1).texts(2_000, 1)):
        for text in batch:
            began = time.perf_counter()
            index.add([f"{text}{number}"])
            spent.append(1000 * (time.perf_counter() - began))
    return spent


def _rows(
    ours: Found,
    theirs: Found | None,
    ours_bytes: int,
    theirs_bytes: int | None,
    building: float,
    adding: list[float],
    note: str,
) -> list[Row]:
    other = "TF-IDF, every order read" if theirs else ""

    def row(name: str, unit: str, value: float, beside: float | None) -> Row:
        return Row(name=name, value=value, unit=unit, alternative=other, beside=beside, note=note)

    def theirs_work(percent: float) -> float | None:
        return percentile(theirs.worked, percent) if theirs else None

    def theirs_ms(percent: float) -> float | None:
        return percentile(theirs.milliseconds, percent) if theirs else None

    megabytes = theirs_bytes / 2**20 if theirs_bytes else None
    return [
        row("similar orders, search p50", "ms", percentile(ours.milliseconds, 50), theirs_ms(50)),
        row("similar orders, search p95", "ms", percentile(ours.milliseconds, 95), theirs_ms(95)),
        row("similar orders, search p99", "ms", percentile(ours.milliseconds, 99), theirs_ms(99)),
        row("the same, processor time p95", "ms", percentile(ours.worked, 95), theirs_work(95)),
        row("the right one first", "%", 100 * ours.first, theirs.first * 100 if theirs else None),
        row("the right one in five", "%", 100 * ours.five, theirs.five * 100 if theirs else None),
        row("memory of the index", "MB", ours_bytes / 2**20, megabytes),
        Row(name="index made from nothing", value=building, unit="s", note=note),
        Row(name="one new order taken in, p95", value=percentile(adding, 95), unit="ms"),
    ]


def _clauses() -> list[str]:
    """Everything that the seed corpus says, clause by clause."""
    found: dict[str, None] = {}
    for path in seed_files():
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            for clause in _CLAUSE.split(json.loads(line)["text"] if line.strip() else ""):
                if 4 <= len(clause) <= 30:
                    found[clause] = None
    return list(found)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Print the machine and the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.similar")
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=1_000)
    parser.add_argument("--compared", type=int, default=50, help="0: without the alternative")
    given = parser.parse_args()
    described = machine()
    rows = measure(given.orders, given.questions, given.compared)
    print(f"{described}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
