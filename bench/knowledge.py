"""The search in the knowledge base: how often it finds, and how fast, also among many articles.

A part of ``make bench-nlp``. The questions were written from the titles alone; the weights of the
search were chosen on one half of them (even lines), and the figures are of the other.
"""

from __future__ import annotations

import time
from pathlib import Path

import yaml

from bench.figures import Row, percentile
from config.knowledge import load_knowledge
from nlp.corpus import seed_files
from nlp.knowledge.index import Entry, KnowledgeIndex
from nlp.knowledge.meaning import meaning_of
from nlp.text.corpus import read_corpus
from nlp.text.model import TextModel
from nlp.text.resources import Resources

ASKED = Path(__file__).with_name("knowledge_questions.yaml")
_WARM_UP = 20


def measure(model: TextModel, resources: Resources, many: int) -> list[Row]:
    """With the shipped articles, and with ``many``, the rest of them made of the corpus."""
    asked = yaml.safe_load(ASKED.read_text(encoding="utf-8"))["questions"][1::2]
    shipped = [
        Entry(number=a.id, questions=(a.title, *a.questions), spoken=a.spoken, text=a.text)
        for a in load_knowledge(resources.taxonomy, resources.departments)
    ]
    plain = KnowledgeIndex()
    plain.replace(shipped)
    index, making = _made(model, shipped)
    full, making_many = _made(model, [*shipped, *_others(resources, many - len(shipped))])
    note = f"{len(asked)} questions in other words than the article's, {len(shipped)} articles"
    words = "runs of two characters alone"
    return [
        Row(
            name=f"the right article in the first {count}",
            value=100 * _hits(index, asked, count),
            unit="%",
            alternative=words,
            beside=100 * _hits(plain, asked, count),
            note=note,
        )
        for count in (1, 3)
    ] + [
        *_speed(index, asked, f"{len(shipped)} articles"),
        Row(name="making the index", value=making, unit="s", note=f"{len(shipped)} articles"),
        *_speed(full, asked, f"{len(full)} articles"),
        Row(name="making the index", value=making_many, unit="s", note=f"{len(full)} articles"),
    ]


def _made(model: TextModel, entries: list[Entry]) -> tuple[KnowledgeIndex, float]:
    index = KnowledgeIndex(meaning_of(model), model.space.sounds)
    begun = time.perf_counter()
    index.replace(entries)
    return index, time.perf_counter() - begun


def _others(resources: Resources, count: int) -> list[Entry]:
    """As long as articles are, of letters and talks, never quite the same twice."""
    texts = [
        row.text for row in read_corpus(seed_files(), resources.taxonomy, resources.departments)
    ]
    found = []
    for number in range(max(count, 0)):
        first, second = texts[number % len(texts)], texts[(number * 7 + 3) % len(texts)]
        questions = (first[:20], first[20:45] or second[:20], second[:25], second[25:50] or first)
        text = f"{second}{first}"
        entry = Entry(number=f"X{number:05d}", questions=questions, spoken=first[:120], text=text)
        found.append(entry)
    return found


def _hits(index: KnowledgeIndex, asked: list[list[str]], count: int) -> float:
    return sum(
        number in [found.number for found in index.search(text, count)] for number, text in asked
    ) / len(asked)


def _speed(index: KnowledgeIndex, asked: list[list[str]], note: str) -> list[Row]:
    for _, text in asked[:_WARM_UP]:
        index.search(text, 3)
    spent = []
    for _ in range(3):
        for _, text in asked:
            begun = time.process_time()
            index.search(text, 3)
            spent.append(1000 * (time.process_time() - begun))
    return [
        Row(name=f"a search, p{percent}", value=percentile(spent, percent), unit="ms", note=note)
        for percent in (50, 95)
    ]
