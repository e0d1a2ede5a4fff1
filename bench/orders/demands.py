"""What citizens want, made of clauses of the seed corpus at invented places; always the same."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bench.similar import OrderMaker

#: Would have to be escaped in JSON.
_AWKWARD = re.compile(r'["\\\x00-\x1f]')
_TITLE = 40


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One of them."""

    title: str
    content: str
    place: str
    phone: str


def demands(count: int, seed: int = 12345) -> Iterator[Demand]:
    """``count`` demands; a third of the callers has called before."""
    chance = random.Random(seed)
    callers = max(1, count * 2 // 3)
    for batch in OrderMaker(seed).texts(count, 1):
        for text in batch:
            yield _demand(_AWKWARD.sub(" ", text), f"139{chance.randrange(callers):08d}")


def _demand(text: str, phone: str) -> Demand:
    """The maker's texts begin with the place, which ends with the number of the house."""
    street, _, told = text.partition("号")
    place = f"{street}号"
    return Demand(
        title=f"{place}{told.partition('，')[0]}"[:_TITLE],
        content=f"市民反映{place}，{told}",
        place=place,
        phone=phone,
    )
