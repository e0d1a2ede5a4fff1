"""The closure score: worked examples, every rule at its edges, and that it is reproducible."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.scoring import Deduction, load_scoring
from dispatch.assessment.assess import Score, assess, one_decimal
from dispatch.assessment.facts import ClosureFacts
from models.vocabulary import Satisfaction, SolvedByCaller
from tests.dispatch.desk import FRIDAY, ZONE

pytestmark = pytest.mark.unit

RULES = load_scoring()
HOUR = timedelta(hours=1)

#: Signed, contacted, on time; process 8 of 10, answer 80 of 100; solved; satisfied.
GOOD = ClosureFacts(
    dispatched_at=FRIDAY,
    sign_due=FRIDAY + 4 * HOUR,
    sign_due_twice=FRIDAY + 8 * HOUR,
    signed_at=FRIDAY + HOUR,
    first_contact_due=FRIDAY + 24 * HOUR,
    first_contacted_at=FRIDAY + 2 * HOUR,
    due_at=FRIDAY + 120 * HOUR,
    submitted_at=FRIDAY + 100 * HOUR,
    process=8.0,
    quality=80.0,
    solved=SolvedByCaller.SOLVED,
    satisfaction=Satisfaction.SATISFIED,
)


def score(**changes: Any) -> Score:
    return assess(replace(GOOD, **changes), RULES, ZONE)


def points(code: str, **changes: Any) -> float | None:
    return next(part.points for part in score(**changes).parts if part.code == code)


def test_worked_example_with_one_rejection() -> None:
    assert score().score == 95.0
    assert score(counts={"sent_back": 1}).score == 92.0


def test_worked_example_with_unreachable_citizen() -> None:
    found = score(counts={"sent_back": 1}, solved=None, satisfaction=None)
    assert found.score == 89.3
    assert "计分各项满分合计65分，实得60分，折算为百分制：60÷65×100＝92.31分。" in found.explanation
    assert "审核退回1次，扣3分（最多扣6分）。" in found.explanation
    assert found.explanation[-1] == "办结评估分为89.3分。"


def test_signing_late_costs_by_how_late() -> None:
    assert points("sign", signed_at=FRIDAY + 4 * HOUR) == 5
    assert points("sign", signed_at=FRIDAY + 4 * HOUR + timedelta(seconds=1)) == 3
    assert points("sign", signed_at=FRIDAY + 8 * HOUR) == 3
    assert points("sign", signed_at=FRIDAY + 9 * HOUR) == 0
    assert points("sign", signed_at=None) == 0


def test_first_contact_late_never_or_impossible() -> None:
    assert points("first_contact", first_contacted_at=FRIDAY + 25 * HOUR) == 5
    assert points("first_contact", first_contacted_at=None) == 0
    assert points("first_contact", first_contacted_at=None, contact_applies=False) is None
    # 85 of the 90 points that apply
    assert score(first_contacted_at=None, contact_applies=False).score == 94.4


@pytest.mark.parametrize(("late", "expected"), [(0, 25), (1, 20), (4, 5), (5, 0), (9, 0)])
def test_each_started_day_late_costs_five(late: int, expected: float) -> None:
    assert points("on_time", late_units=late) == expected


def test_hours_are_named_for_urgent_orders() -> None:
    found = score(late_units=2, by_hour=True)
    sentence = next(part.sentence for part in found.parts if part.code == "on_time")
    assert "超期2小时" in sentence
    assert "得15分" in sentence


@pytest.mark.parametrize(
    ("said", "expected"),
    [("SOLVED", 20), ("EXPLAINED", 16), ("PARTLY", 12), ("PLANNED", 12), ("UNSOLVED", 0)],
)
def test_points_for_what_the_citizen_says(said: str, expected: float) -> None:
    assert points("solved", solved=SolvedByCaller(said)) == expected


@pytest.mark.parametrize(
    ("grade", "expected"),
    [
        ("VERY_SATISFIED", 15),
        ("SATISFIED", 15),
        ("FAIRLY", 13.5),
        ("NEUTRAL", 9),
        ("DISSATISFIED", 0),
        ("VERY_DISSATISFIED", 0),
    ],
)
def test_points_for_grades(grade: str, expected: float) -> None:
    assert points("satisfaction", satisfaction=Satisfaction(grade)) == expected


def test_unmarked_sheets_are_left_out() -> None:
    assert points("process", process=None) is None
    assert points("quality", quality=None) is None
    assert score(process=None, quality=None).score == 100.0


def test_rejections_cost_six_at_most() -> None:
    assert score(counts={"sent_back": 2}).score == 89.0
    assert score(counts={"sent_back": 7}).score == 89.0


def test_second_redo_costs_more() -> None:
    assert score(counts={"redo": 1}).score == 85.0
    assert score(counts={"redo": 2}).score == 70.0


def test_all_deductions_together_stop_at_zero() -> None:
    counts = {code: 3 for code in RULES.closure.deductions}
    found = score(counts=counts, solved=SolvedByCaller.UNSOLVED, late_units=9)
    assert found.score == 0.0


@pytest.mark.parametrize("offence", ["untrue_answer", "forged_contact", "identity_leak"])
def test_proven_offence_makes_zero(offence: str) -> None:
    found = score(offences=(offence,))
    assert found.score == 0.0
    assert any("评估分记为0分" in sentence for sentence in found.explanation)


def test_deduction_table() -> None:
    rule = Deduction(label="重办", each=[10, 15])
    assert [rule.points(n) for n in range(4)] == [0, 10, 25, 40]


@pytest.mark.parametrize(
    ("value", "expected"), [(89.35, 89.4), (89.25, 89.3), (89.349, 89.3), (0.05, 0.1), (100, 100)]
)
def test_rounds_half_up(value: float, expected: float) -> None:
    assert one_decimal(value) == expected


moments = st.integers(0, 400).map(lambda hours: FRIDAY + hours * HOUR)
facts = st.builds(
    ClosureFacts,
    dispatched_at=st.just(FRIDAY),
    sign_due=st.just(FRIDAY + 4 * HOUR),
    sign_due_twice=st.just(FRIDAY + 8 * HOUR),
    signed_at=st.none() | moments,
    contact_applies=st.booleans(),
    first_contact_due=moments,
    first_contacted_at=st.none() | moments,
    due_at=moments,
    submitted_at=moments,
    by_hour=st.booleans(),
    late_units=st.integers(0, 30),
    process=st.none() | st.floats(0, 10),
    quality=st.none() | st.floats(0, 100),
    solved=st.none() | st.sampled_from(SolvedByCaller),
    satisfaction=st.none() | st.sampled_from(Satisfaction),
    counts=st.dictionaries(st.sampled_from(sorted(RULES.closure.deductions)), st.integers(0, 4)),
    offences=st.just(()) | st.tuples(st.sampled_from(sorted(RULES.closure.zero))),
)


@given(facts)
def test_score_is_bounded_explained_and_the_same_again_from_storage(
    given_facts: ClosureFacts,
) -> None:
    found = assess(given_facts, RULES, ZONE)
    assert 0 <= found.score <= 100
    assert len(found.parts) == 7
    assert len(found.explanation) == 7 + 1 + len(found.deductions) + len(found.offences) + 1
    stored = ClosureFacts.from_json(json.loads(json.dumps(given_facts.to_json())))
    again = assess(stored, RULES, ZONE)
    assert again == found


@given(facts, st.integers(0, 30), st.sampled_from(Satisfaction))
def test_less_late_or_a_better_grade_never_scores_worse(
    given_facts: ClosureFacts, late: int, grade: Satisfaction
) -> None:
    def of(**changes: Any) -> float:
        return assess(replace(given_facts, **changes), RULES, ZONE).score

    assert of(late_units=min(late, given_facts.late_units)) >= of()
    better = max(grade, Satisfaction.NEUTRAL, key=lambda item: RULES.satisfaction_values[item])
    assert of(satisfaction=better) >= of(satisfaction=Satisfaction.NEUTRAL)


def test_full_marks_are_a_hundred() -> None:
    assert score(process=10.0, quality=100.0).score == 100.0


def test_other_facts_or_rules_have_another_hash() -> None:
    assert score().input_hash != score(late_units=1).input_hash
    other = RULES.model_copy(update={"version": "next"})
    assert assess(GOOD, other, ZONE).input_hash != score().input_hash
