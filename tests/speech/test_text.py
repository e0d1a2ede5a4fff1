"""What Vosk gives becomes a sentence that a person likes to read."""

from __future__ import annotations

import pytest

from nlp.speech.text import COMMA_SECONDS, for_reading

pytestmark = pytest.mark.unit

LONG, SHORT = COMMA_SECONDS + 0.1, 0.02


def test_words_are_joined_and_closed() -> None:
    assert for_reading(["我", "要", "投诉"]) == "我要投诉。"


def test_a_pause_is_a_comma() -> None:
    assert for_reading(["您好", "我", "要", "投诉"], [LONG, SHORT, SHORT]) == "您好，我要投诉。"


def test_the_groups_of_a_telephone_number_stay_together() -> None:
    words = ["电话", "幺", "三", "八", "零", "零", "幺", "三"]
    pauses = [SHORT, SHORT, SHORT, LONG, SHORT, SHORT, SHORT]
    assert for_reading(words, pauses) == "电话1380013。"


@pytest.mark.parametrize(
    "words", [["几点", "上班"], ["可以", "代办", "吗"], ["请问", "在", "哪里"], ["那", "怎么办"]]
)
def test_questions_get_a_question_mark(words: list[str]) -> None:
    assert for_reading(words).endswith("？")


def test_thanks_after_a_question_are_no_question() -> None:
    assert for_reading(["请问", "一下", "谢谢"]) == "请问一下谢谢。"


def test_an_interim_text_is_not_closed() -> None:
    assert for_reading(["我", "要"], final=False) == "我要"


def test_unknown_words_are_left_out_and_silence_is_empty() -> None:
    assert for_reading(["[unk]", "好的"]) == "好的。"
    assert for_reading(["[unk]"]) == ""
    assert for_reading([]) == ""
