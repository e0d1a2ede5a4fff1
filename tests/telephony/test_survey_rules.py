"""What the keys after a talk mean: the five grades, as the question says them."""

from __future__ import annotations

import pytest

from config.settings import load_settings
from config.survey import load_survey
from models.vocabulary import Satisfaction
from telephony.asterisk.prompts import load_prompt_book

pytestmark = pytest.mark.unit

FIVE = {
    "1": Satisfaction.VERY_SATISFIED,
    "2": Satisfaction.SATISFIED,
    "3": Satisfaction.FAIRLY,
    "4": Satisfaction.DISSATISFIED,
    "5": Satisfaction.VERY_DISSATISFIED,
}


def test_the_keys_are_the_five_grades_and_no_other_key_means_anything() -> None:
    assert load_survey().grades == FIVE


def test_the_question_says_each_grade_with_its_key() -> None:
    question = load_prompt_book(load_settings()).prompts["survey"]
    for key, grade in FIVE.items():
        spoken = key.translate(str.maketrans("12345", "一二三四五"))
        assert f"，{grade.label}请按{spoken}" in question, grade
