"""Names of the district are put right where the recogniser was in doubt, and only there."""

from __future__ import annotations

import pytest

from config.lexicon import load_lexicon
from models.speech import Correction, Utterance, Word
from models.vocabulary import Leg
from nlp.speech.correcting import Corrector

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def corrector() -> Corrector:
    return Corrector(load_lexicon())


def heard(words: str, confidence: float = 0.9, pause_after: str = "") -> Utterance:
    """An utterance of ``words``, each 0.3 s long, with a second of silence after one of them."""
    start, found = 0.0, []
    for text in words.split():
        found.append(Word(text=text, start=start, end=start + 0.3, confidence=confidence))
        start += 1.3 if text == pause_after else 0.3
    return Utterance(
        call_id="call",
        leg=Leg.CALLER,
        utterance_id="u",
        start=0,
        end=start,
        text="as the worker wrote it",
        raw=words,
        final=True,
        confidence=confidence,
        words=tuple(found),
    )


@pytest.mark.parametrize(
    ("words", "text", "swap"),
    [
        ("我 住 在 整箱 北路 二 十 八 号", "我住在蒸湘北路28号。", ("整箱北路", "蒸湘北路")),
        ("花心 开发区 停 电 了", "华新开发区停电了。", ("花心开发区", "华新开发区")),
        ("船山 细路 有 个 坑", "船山西路有个坑。", ("船山细路", "船山西路")),
    ],
)
def test_words_of_the_same_sound_give_way_to_a_name(
    corrector: Corrector, words: str, text: str, swap: tuple[str, str]
) -> None:
    corrected = corrector.corrected(heard(words))
    assert corrected.text == text
    assert corrected.raw == words
    (correction,) = corrected.corrections
    assert (correction.heard, correction.written) == swap
    assert corrected.text[correction.start :].startswith(correction.written)


def test_a_blurred_sound_needs_more_doubt(corrector: Corrector) -> None:
    other_tone, no_nasal = "常 生 中 路 堵 了", "常 森 中 路 堵 了"
    assert corrector.corrected(heard(other_tone, 0.9)).text == "常胜中路堵了。"
    assert corrector.corrected(heard(other_tone, 0.97)).corrections == ()
    assert corrector.corrected(heard(no_nasal, 0.7)).text == "常胜中路堵了。"
    assert corrector.corrected(heard(no_nasal, 0.9)).corrections == ()


@pytest.mark.parametrize("words", ["我 弟弟 走 丢 了", "这 个 人 很 花心", "我们 要 知道 真相"])
def test_whole_words_stay_what_they_are(corrector: Corrector, words: str) -> None:
    utterance = heard(words, 0.7)
    assert corrector.corrected(utterance) is utterance


def test_names_that_were_understood_stay(corrector: Corrector) -> None:
    assert corrector.corrected(heard("蒸湘 北路 和 立新 大道", 0.4)).corrections == ()


def test_pauses_outlive_a_correction(corrector: Corrector) -> None:
    utterance = heard("在 整箱 北路 路灯 坏 了", pause_after="北路")
    assert corrector.corrected(utterance).text == "在蒸湘北路，路灯坏了。"


def test_a_correction_shows_what_stands_in_the_text() -> None:
    made = Correction(start=0, heard="整箱", written="蒸湘")
    assert made.shown == "蒸湘"
    assert Correction(start=0, heard="整箱", written="蒸湘", undone=True).shown == "整箱"


def test_interim_text_is_left_alone(corrector: Corrector) -> None:
    interim = Utterance(
        call_id="c",
        leg=Leg.CALLER,
        utterance_id="u",
        start=0,
        end=1,
        text="整箱北路",
        raw="整箱 北路",
        final=False,
    )
    assert corrector.corrected(interim) is interim
