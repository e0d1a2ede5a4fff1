"""A trigram language model: Witten–Bell smoothing, a general word list below, pruned.

Histories are tuples of at most two words. :data:`BEGIN` stands before a sentence, :data:`END`
after it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BEGIN, END = "<s>", "</s>"
History = tuple[str, ...]
#: Share of the probability that single words get from our text, not from the general list.
_DOMAIN_SHARE = 0.5
#: How much each kind of follower that was seen speaks for followers that were not. Our sentences
#: are made from patterns, so what they leave out proves little: plain Witten–Bell would be 1.
_CAUTION = 4
_ORDER = 3


@dataclass(kw_only=True)
class LanguageModel:
    """``probability[history][word]`` for what was seen, ``backoff[history]`` for the rest."""

    probability: dict[History, dict[str, float]] = field(default_factory=dict)
    backoff: dict[History, float] = field(default_factory=dict)

    def score(self, history: History, word: str) -> float:
        """Probability of ``word`` after ``history``."""
        seen = self.probability.get(history, {})
        if word in seen or not history:
            return seen.get(word, 0.0)
        return self.backoff.get(history, 1.0) * self.score(history[1:], word)

    @property
    def size(self) -> int:
        """Number of n-grams."""
        return sum(map(len, self.probability.values()))


def estimate(
    sentences: Iterable[list[str]], general: Mapping[str, int], threshold: float
) -> LanguageModel:
    """Count, smooth and prune; n-grams that gain less than ``threshold`` are dropped.

    :param general: frequencies of a general word list; its words are the vocabulary, together
        with those of the sentences.
    """
    counts = _count(sentences)
    model = LanguageModel()
    model.probability[()] = _single_words(counts.pop(()), general)
    for history in sorted(counts, key=len):
        _smooth(model, history, counts[history])
    _prune(model, counts, threshold)
    return model


def _count(sentences: Iterable[list[str]]) -> dict[History, Counter[str]]:
    counts: dict[History, Counter[str]] = defaultdict(Counter)
    for words in sentences:
        padded = [BEGIN, *words, END]
        for end in range(1, len(padded)):
            for length in range(min(_ORDER, end + 1)):
                counts[tuple(padded[end - length : end])][padded[end]] += 1
    return dict(counts)


def _single_words(counted: Counter[str], general: Mapping[str, int]) -> dict[str, float]:
    """Words of the list and of our text, each share smoothed by itself."""
    vocabulary = set(counted) | set(general)
    known, common = sum(counted.values()), sum(general.values())
    return {
        word: _DOMAIN_SHARE * counted[word] / known
        + (1 - _DOMAIN_SHARE) * (general.get(word, 0) + 1) / (common + len(vocabulary))
        for word in vocabulary
    }


def _smooth(model: LanguageModel, history: History, counted: Counter[str]) -> None:
    unseen, total = _CAUTION * len(counted), sum(counted.values())
    model.probability[history] = {
        word: (count + unseen * model.score(history[1:], word)) / (total + unseen)
        for word, count in counted.items()
    }
    _leave_rest(model, history)


def _leave_rest(model: LanguageModel, history: History) -> None:
    """Give what the seen words leave over to the shorter history."""
    seen = model.probability[history]
    lower = sum(model.score(history[1:], word) for word in seen)
    model.backoff[history] = max(1e-9, 1 - sum(seen.values())) / max(1e-9, 1 - lower)


def _prune(model: LanguageModel, counts: dict[History, Counter[str]], threshold: float) -> None:
    """Weighted difference pruning, longest histories first; empty histories go."""
    for length in range(_ORDER - 1, 0, -1):
        needed = {history for history in model.probability if len(history) > length}
        for history in [h for h in model.probability if len(h) == length]:
            seen = model.probability[history]
            for word in [w for w in seen if (*history, w) not in needed]:
                lower = model.backoff[history] * model.score(history[1:], word)
                if counts[history][word] * math.log(seen[word] / lower) < threshold:
                    del seen[word]
            if not seen:
                del model.probability[history], model.backoff[history]
            else:
                _leave_rest(model, history)
