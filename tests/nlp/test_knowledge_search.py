"""Finding the article that answers, in other words than its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from config.knowledge import load_knowledge
from nlp.knowledge.index import Entry, KnowledgeIndex
from nlp.knowledge.live import steady
from nlp.knowledge.meaning import meaning_of
from nlp.text.model import TextModel
from nlp.text.resources import Resources

pytestmark = pytest.mark.unit

#: Written from the titles alone; even lines were used to choose the weights, odd ones never.
ASKED = Path(__file__).resolve().parents[2] / "bench" / "knowledge_questions.yaml"


def entry(number: str, title: str, *questions: str, spoken: str = "", text: str = "") -> Entry:
    return Entry(number=number, questions=(title, *questions), spoken=spoken, text=text)


LAMP = entry("K1", "路灯不亮", "路灯坏了找谁修", spoken="请说清哪条路、第几根灯杆。")
CARD = entry("K2", "居住证办理", "居住证怎么办", spoken="带身份证和租房合同到派出所办理。")


@pytest.fixture(scope="module")
def index(model: TextModel, resources: Resources) -> KnowledgeIndex:
    """The shipped articles, searched with the shipped model."""
    made = KnowledgeIndex(meaning_of(model), model.space.sounds)
    articles = load_knowledge(resources.taxonomy, resources.departments)
    made.replace(
        Entry(
            number=article.id,
            questions=(article.title, *article.questions),
            spoken=article.spoken,
            text=article.text,
        )
        for article in articles
    )
    return made


def test_most_questions_find_their_article_among_the_first_three(index: KnowledgeIndex) -> None:
    asked = yaml.safe_load(ASKED.read_text(encoding="utf-8"))["questions"]
    unseen = asked[1::2]
    hits = [number in [f.number for f in index.search(text, 3)] for number, text in unseen]
    assert sum(hits) / len(hits) >= 0.88


def test_the_articles_own_words_come_first(index: KnowledgeIndex, resources: Resources) -> None:
    articles = load_knowledge(resources.taxonomy, resources.departments)
    found = [index.search(article.title, 1)[0].number == article.id for article in articles]
    assert sum(found) >= 0.98 * len(found)


def test_a_recogniser_may_write_other_characters_of_the_same_sound(index: KnowledgeIndex) -> None:
    assert index.search("拒驻正怎么般", 1)[0].number == "K0035"


def test_what_was_said_last_counts_more(index: KnowledgeIndex) -> None:
    talk = "我想问一下公积金怎么取出来\n好的知道了\n另外我们小区的路灯都不亮了"
    alone = {found.number: found.score for found in index.search(talk, 50)}
    told = {found.number: found.score for found in index.search(talk, 50, latest=talk[-14:])}
    assert told["K0408"] - alone["K0408"] > told["K0301"] - alone["K0301"]


def test_articles_come_and_go_and_change(model: TextModel) -> None:
    index = KnowledgeIndex(meaning_of(model), model.space.sounds)
    assert index.search("路灯坏了") == []
    index.replace([LAMP])
    assert [found.number for found in index.search("居住证")] != ["K2"]
    index.replace([LAMP, CARD])
    assert index.search("居住证在哪里办", 1)[0].number == "K2"
    changed = entry("K2", "宠物登记", "养狗要办证吗", spoken="到派出所登记。")
    index.replace([LAMP, changed])
    assert index.search("养狗登记", 1)[0].number == "K2"
    assert all(found.score < 0.8 for found in index.search("租房合同"))
    index.replace([changed])
    assert {found.number for found in index.search("路灯坏了找谁修")} <= {"K2"}


def test_without_a_model_words_alone_find() -> None:
    index = KnowledgeIndex()
    index.replace([LAMP, CARD])
    assert [found.number for found in index.search("我们这里路灯坏了")] == ["K1"]
    assert index.search("") == []


def test_what_is_being_read_does_not_jump_away() -> None:
    first = steady((), {"a": 0.9, "b": 0.6, "c": 0.5, "d": 0.4}, 3)
    assert first == ("a", "b", "c")
    # Another order of likelihood, a little better newcomer: nothing moves.
    assert steady(first, {"c": 0.9, "a": 0.7, "d": 0.6, "b": 0.5}, 3) == ("a", "b", "c")
    # A clearly better one takes the place of the weakest; the others stay where they are.
    assert steady(first, {"d": 1.2, "a": 0.7, "b": 0.5, "c": 0.6}, 3) == ("a", "d", "c")
    # What is not likely any more makes room in its own place.
    assert steady(first, {"b": 0.7, "c": 0.6, "e": 0.5}, 3) == ("e", "b", "c")
    assert steady(first, {"c": 0.5}, 3) == ("c",)
    assert steady(first, {}, 3) == ()
