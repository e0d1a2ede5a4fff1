"""Numbers as networks deliver them: one form, and all the dresses of it."""

from __future__ import annotations

import pytest

from models.phone_numbers import WITHHELD, normal_number, spellings

pytestmark = pytest.mark.unit

MOBILE = "13812345678"


@pytest.mark.parametrize(
    "dress", [MOBILE, "+8613812345678", "008613812345678", "8613812345678", "013812345678"]
)
def test_a_mobile_has_one_form_in_any_dress(dress: str) -> None:
    assert normal_number(dress) == MOBILE
    assert dress in spellings(MOBILE)


@pytest.mark.parametrize(
    ("number", "normal"),
    [
        ("+867348123456", "07348123456"),
        ("0734-8123456", "07348123456"),
        ("8612345", "8612345"),
        ("86123456", "86123456"),
        ("861381234567", "861381234567"),
        ("86138123456789", "86138123456789"),
        ("+13812345678", "+13812345678"),
        ("004420712345678", "+4420712345678"),
        ("+864008123456", "4008123456"),
    ],
)
def test_other_numbers_stay_what_they_are(number: str, normal: str) -> None:
    """Above all local ones that begin with 86, and those that are too short or too long."""
    assert normal_number(number) == normal


@pytest.mark.parametrize("word", ["", "anonymous", "Anonymous", "RESTRICTED", " unknown "])
def test_who_hides_the_number_has_none(word: str) -> None:
    assert normal_number(word) == WITHHELD
    assert spellings(normal_number(word)) == frozenset()


def test_a_number_abroad_has_two_dresses() -> None:
    assert spellings("+4420712345678") == {"+4420712345678", "004420712345678"}
