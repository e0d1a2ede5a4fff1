"""What random lives have come to: which rows of the table they went through."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from models.tables import OrderEvent
from models.vocabulary import Action
from models.workflow.shapes import Case, Transition
from models.workflow.table import TRANSITIONS

_DECIDED = {"GRANTED": Case.GRANTED, "AGREED": Case.GRANTED, "REFUSED": Case.REFUSED}
_DECISIONS = (Case.GRANTED, Case.REFUSED)


class Deed(NamedTuple):
    """One step as its event tells it."""

    action: str
    from_state: str
    to_state: str
    #: What was decided by it, if anything.
    decision: Case = Case.ANY


class Reached:
    """Counts over all lives of a test."""

    def __init__(self) -> None:
        self.deeds: Counter[Deed] = Counter()
        #: Commands that named something of another order; all were refused.
        self.strange_ids = 0
        #: Orders merged into one whose lead unit had handed its work down.
        self.merged_into_lower_hands = 0

    def note(self, event: OrderEvent) -> None:
        """Remember what was done."""
        states = [
            after
            for path, (_before, after) in event.changes.items()
            if path.startswith("requests.") and path.endswith(".state")
        ]
        decision = next((_DECIDED[one] for one in states if one in _DECIDED), Case.ANY)
        self.deeds[Deed(event.action, event.from_state, event.to_state, decision)] += 1

    @property
    def actions(self) -> set[Action]:
        """What was ever done."""
        return {Action(deed.action) for deed in self.deeds}

    @property
    def rows(self) -> list[Transition]:
        """Rows of the table that the deeds went through."""
        return [row for row in TRANSITIONS if any(_goes_through(row, one) for one in self.deeds)]

    def far_enough(self, share: float) -> None:
        """Whether the lives have come to so much of the table that they prove anything."""
        never = sorted({row.action.value for row in TRANSITIONS} - {*self.actions})
        print(f"{len(self.rows)} of {len(TRANSITIONS)} rows; never: {', '.join(never)}")
        print(f"{self.strange_ids} strange ids, {self.merged_into_lower_hands} merged further down")
        assert len(self.rows) >= len(TRANSITIONS) * share
        assert self.strange_ids >= 10
        assert self.merged_into_lower_hands >= 1


def _goes_through(row: Transition, deed: Deed) -> bool:
    if row.action.value != deed.action or deed.from_state not in row.from_order:
        return False
    decided = row.case in _DECISIONS and deed.decision is not Case.ANY
    return deed.to_state == (row.to_order or deed.from_state) and (
        not decided or row.case is deed.decision
    )
