"""A summary tells what was told, in the same words and order, and no more."""

from __future__ import annotations

import re

import pytest

from nlp.text.corpus import LabelledText
from nlp.text.summary import LONGEST
from nlp.text.understander import Understander
from tests.nlp.conftest import NOW

pytestmark = pytest.mark.unit


def summary(understander: Understander, text: str) -> str:
    return understander.understand(text, now=NOW).summary


def test_what_is_short_is_told_whole_without_courtesies(understander: Understander) -> None:
    told = "你好，嗯那个那个小区门口的路灯坏了坏了一个星期，晚上看不见。谢谢。"
    assert summary(understander, told) == "小区门口的路灯坏了一个星期，晚上看不见。"


def test_spoken_words_get_their_stops(understander: Understander) -> None:
    told = "喂你好我是红湘北路的昨天晚上开始停水一直到现在都没有来希望你们尽快派人修一下"
    found = summary(understander, told)
    assert found.startswith("我是红湘北路的") and found.endswith("修一下。")
    assert "，" in found


def test_of_a_long_letter_place_matter_and_wish_stay(understander: Understander) -> None:
    story = "，".join(f"这是说了第{n}遍的闲话和心里的苦处" for n in range(30))
    told = f"红湘北路的路灯坏了三个月。{story}。希望你们尽快派人来修。"
    found = summary(understander, told)
    assert "红湘北路的路灯坏了三个月。" in found and "尽快派人来修" in found
    assert len(found) < LONGEST + 20
    assert "；" in found, "that something is left out must be seen"


@pytest.mark.parametrize("told", ["", "。。。", "你好", "谢谢，再见"])
def test_of_nothing_there_is_none(understander: Understander, told: str) -> None:
    assert summary(understander, told) == ""


def test_each_clause_is_the_citizens_own(
    understander: Understander, seed_rows: list[LabelledText]
) -> None:
    """But for hesitation and repetition, which are left out."""
    for row in seed_rows[::40]:
        for clause in re.split("[，。；！？!?]", summary(understander, row.text)):
            assert clause[-4:] in row.text, row.text
