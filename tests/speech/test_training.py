"""The parts that the practice model is made of, and how well it hears."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.speech.models import PRACTICE_MODEL
from nlp.speech.training import evaluation, features, numerals, text, words
from nlp.speech.training.distance import distance
from nlp.speech.training.language import END, estimate
from nlp.speech.training.phones import syllables

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("number", "said"),
    [
        *((0, "零"), (10, "十"), (12, "十二"), (20, "二十"), (105, "一百零五"), (110, "一百一十")),
        *((200, "两百"), (1002, "一千零二"), (2222, "两千二百二十二"), (10_000, "一万")),
        *((23_500, "两万三千五百"), (20_050, "两万零五十"), (100_000, "十万")),
    ],
)
def test_numbers_are_read_as_people_say_them(number: int, said: str) -> None:
    assert numerals.read(number) == said


def test_telephone_numbers_are_spelled() -> None:
    assert numerals.spell("13800", yao=True) == "幺三八零零"
    assert numerals.spell("2016", yao=False) == "二零一六"


def test_syllables_of_what_espeak_says() -> None:
    assert syllables("s.'i.35_| S;'iA51N_| l@11_|") == [
        ("s.", "i.", "2"),
        ("S;", "iAN", "4"),
        ("l", "o-", "5"),
    ]
    assert syllables("mei35th'i35_| w'ei214_|") == [
        ("m", "ei", "2"),
        ("th", "i", "2"),
        ("wei", "3"),
    ]
    assert syllables("w'o21_| (en)zaI44@11N_|") is None


def test_the_same_seed_makes_the_same_sentences() -> None:
    one, other = text.Grammar(5), text.Grammar(5)
    assert [one.sentence() for _ in range(50)] == [other.sentence() for _ in range(50)]
    assert len({one.sentence() for _ in range(500)}) > 350


def test_every_slot_of_the_grammar_can_be_filled_with_spoken_characters() -> None:
    grammar = text.Grammar(6)
    for _ in range(3000):
        sentence = grammar.sentence()
        assert text.plain(sentence) == sentence.replace("，", ""), sentence


def test_place_names_are_cut_as_one_word_and_numbers_digit_by_digit() -> None:
    words.prepare()
    assert words.cut("蒸湘北路二十八号") == ["蒸湘北路", "二", "十", "八", "号"]


def test_the_language_model_is_a_probability_after_any_history() -> None:
    sentences = [["我", "要", "投诉"], ["我", "要", "表扬"], ["投诉", "物业"]] * 3
    model = estimate(sentences, {"我": 9, "谢谢": 5}, threshold=0.0)
    vocabulary = [*model.probability[()]]
    assert {"谢谢", "物业", END} <= set(vocabulary)
    for history in [(), ("我",), ("我", "要"), ("谢谢",), ("<s>",)]:
        assert sum(model.score(history, word) for word in vocabulary) == pytest.approx(1)
    assert model.score(("我", "要"), "投诉") > model.score((), "投诉")


def test_pruning_keeps_the_language_model_a_probability() -> None:
    sentences = [["我", "要", "投诉"], ["你", "要", "表扬"], ["我", "投诉"]] * 2
    whole = estimate(sentences, {"谢谢": 5}, threshold=0.0)
    pruned = estimate(sentences, {"谢谢": 5}, threshold=3.0)
    assert pruned.size < whole.size
    for history in pruned.probability:
        total = sum(pruned.score(history, word) for word in pruned.probability[()])
        assert total == pytest.approx(1)


def test_features_of_a_tone_peak_at_its_pitch() -> None:
    rng = np.random.default_rng(0)
    for hertz in (300, 1000, 2500):
        audio = (np.sin(np.arange(8000) * 2 * np.pi * hertz / 8000) * 0.5).astype(np.float32)
        energies = features.filter_bank(audio, rng)
        assert energies.shape == (98, 40)
        mel = 1127 * np.log1p(np.array([60, hertz, 3800]) / 700)
        expected = (mel[1] - mel[0]) / (mel[2] - mel[0]) * 41 - 1
        assert abs(int(energies.mean(axis=0).argmax()) - expected) <= 1


def test_the_running_mean_leaves_a_steady_sound_at_nothing() -> None:
    steady = np.full((50, 40), 7.0, dtype=np.float32)
    assert np.abs(features.normalise(steady, np.full(40, 7.0))).max() < 1e-5


def test_edit_distance() -> None:
    assert distance("一二三四", "一三四五") == 2
    assert distance("", "一二") == 2


@pytest.mark.speech
def test_the_practice_model_hears_hotline_talk() -> None:
    """A part of ``python -m nlp.speech.training evaluate``; the whole is in docs/speech.md."""
    sets = dict(evaluation.sets(trained_on=set()))
    own = evaluation.measure(PRACTICE_MODEL, sets["hotline sentences"][:24], None)
    free = evaluation.measure(PRACTICE_MODEL, sets["free sentences"][:24], None)
    assert own.wrong / own.characters < 0.11
    assert free.wrong / free.characters < 0.29
