"""Rules by words look at one neighbourhood of a text: in a long letter a word of the beginning and
one of the end do not belong together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import add
from typing import TypeVar

from config.words import WordRule

_Rule = TypeVar("_Rule", bound=WordRule)
#: Characters looked at together, and how far each window moves on.
_WINDOW, _STEP = 120, 60


def neighbourhoods(text: str) -> list[tuple[int, str]]:
    """The text in overlapping pieces, and where each begins."""
    if len(text) <= _WINDOW:
        return [(0, text)]
    return [(i, text[i : i + _WINDOW]) for i in range(0, len(text) - _STEP, _STEP)]


def beginnings(text: str) -> set[str]:
    """Each character, and each with the next: what a word of the text may begin with."""
    return {*text, *map(add, text, text[1:])}


def possible(text: str, rules: Sequence[_Rule], said: Collection[str] | None = None) -> list[_Rule]:
    """Rules that some neighbourhood may fulfil. Most have no word in the whole text, and need not
    be tried on each. ``said``: the text's :func:`beginnings`, where they are known.
    """
    said = beginnings(text) if said is None else said
    near = [rule for rule in rules if not rule.beginnings.isdisjoint(said)]
    return [rule for rule in near if rule.may_hold(text)]
