"""What the people of the demonstration say and write. Chance is seeded: a run can be repeated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from config.rules import read_yaml
from models.vocabulary import (
    DemandFinding,
    FactFinding,
    Outcome,
    RequestType,
    Satisfaction,
    SolvedByCaller,
    Urgency,
)

#: How far an order goes, one after the other: each desk soon has something in its queue, and most
#: orders are closed in the long run.
DESTINATIONS = (
    "CLOSED",
    "SIGN",
    "FOLLOW_UP",
    "AUDIT",
    "DISPATCH",
    "CLOSED",
    "CLOSED",
    "CLOSED",
    "CLOSED",
    "CLOSED",
)

FILE = Path(__file__).with_name("story.yaml")


@dataclass(frozen=True, kw_only=True)
class CallerScript:
    """One citizen of the demonstration."""

    number: str
    words: str
    voice: str
    speed: int


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a unit did, and what its citizen thinks of it."""

    outcome: Outcome
    public_answer: str
    internal_note: str
    solved: SolvedByCaller
    satisfaction: Satisfaction


class Story:
    """Hands out callers and replies."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        content = read_yaml(FILE)
        self._callers: list[str] = content["callers"]
        self._voices: list[str] = content["voices"]
        self._replies: list[dict[str, Any]] = content["replies"]
        self._destinations = cycle(DESTINATIONS)
        self._next_reply = cycle(self._replies)
        self.greeting: str = content["agent"]["greeting"]
        self.closing: str = content["agent"]["closing"]
        self.spot_answer: str = content["spot_answer"]
        self.send_back_reason: str = content["send_back_reason"]

    def callers(self, count: int) -> list[CallerScript]:
        """So many citizens; when all have called, they begin anew with other numbers."""
        words: list[str] = []
        while len(words) < count:
            words += self._random.sample(self._callers, len(self._callers))
        return [self._caller(text) for text in words[:count]]

    def _caller(self, text: str) -> CallerScript:
        return CallerScript(
            number="139" + "".join(self._random.choices("0123456789", k=8)),
            words=text,
            voice=self._random.choice(self._voices),
            speed=self._random.randint(140, 170),
        )

    def reply(self) -> Reply:
        """What the unit answers this time."""
        row = next(self._next_reply)
        solved = SolvedByCaller(self._pick(row["solved"]))
        happy = row["satisfied"] if solved is not SolvedByCaller.UNSOLVED else ["DISSATISFIED"]
        return Reply(
            outcome=Outcome(row["outcome"]),
            public_answer=row["answer"],
            internal_note=row["note"],
            solved=solved,
            satisfaction=Satisfaction(self._pick(happy)),
        )

    def findings(self) -> dict[str, str]:
        """The unit's findings of fact and demand."""
        return {
            "fact_finding": self._pick([FactFinding.TRUE] * 4 + [FactFinding.PARTLY_TRUE]),
            "demand_finding": self._pick([DemandFinding.REASONABLE] * 4 + [DemandFinding.PARTLY]),
        }

    def destination(self) -> str:
        """Where the next order stays."""
        return next(self._destinations)

    def happens(self, share: float) -> bool:
        """True in that share of all cases."""
        return self._random.random() < share

    def marks(self, sheet: Sequence[dict[str, Any]]) -> dict[str, float]:
        """An auditor's marks: mostly full, sometimes a little off."""
        return {
            item["code"]: round(item["max"] * self._random.choice([1, 1, 1, 0.9, 0.8]), 1)
            for item in sheet
        }

    def _pick(self, choices: Sequence[str]) -> str:
        return self._random.choice(list(choices))


def answered_on_the_spot(request_type: str, urgency: str) -> bool:
    """Consultations and praise need no unit, unless somebody is in danger."""
    plain = request_type in (RequestType.CONSULTATION, RequestType.PRAISE)
    return plain and urgency != Urgency.CRITICAL
