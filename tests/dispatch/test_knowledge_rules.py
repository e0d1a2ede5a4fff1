"""The knowledge base: the shipped articles are sound, and a wrong row is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.departments import load_departments
from config.knowledge import (
    FOLDER,
    LONGEST_SPOKEN,
    Audience,
    Knowledge,
    load_knowledge,
    same_question,
)
from config.taxonomy import load_taxonomy
from models.errors import ConfigurationError, NotFound

pytestmark = pytest.mark.unit

FIFTH = date(2026, 3, 5)
SIXTH = date(2026, 3, 6)


def row(**changes: Any) -> dict[str, Any]:
    """A sound row with something changed."""
    return {
        "id": "K0001",
        "title": "路灯不亮",
        "questions": ["路灯坏了找谁"],
        "spoken": "请说一下是哪条路、第几根灯杆。",
        "text": "登记要点：路名、灯杆编号。",
        "basis": ["城市道路管理条例"],
        "unit": "D-CG",
        "categories": ["C010102"],
        "audience": ["person"],
        "valid_from": FIFTH,
        "valid_to": None,
        "example": False,
    } | changes


def city(folder: Path, **files: list[dict[str, Any]]) -> Path:
    """A city's own rule folder with these knowledge files."""
    (folder / FOLDER).mkdir()
    for name, rows in files.items():
        text = yaml.safe_dump({"version": "1", "articles": rows}, allow_unicode=True)
        (folder / FOLDER / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def load(rules: Path | None = None) -> Knowledge:
    return load_knowledge(load_taxonomy(), load_departments(), rules)


@pytest.fixture(scope="module")
def shipped() -> Knowledge:
    return load()


def test_there_is_an_answer_to_what_a_district_is_asked_most(shipped: Knowledge) -> None:
    assert len(shipped) >= 150
    assert {article.subject for article in shipped} == set(shipped.versions)
    assert all(article.example for article in shipped), "shipped articles are examples"


def test_spoken_answers_can_be_listened_to(shipped: Knowledge) -> None:
    for article in shipped:
        assert 20 <= len(article.spoken) <= LONGEST_SPOKEN, article.id
        assert "\n" not in article.spoken, article.id
        assert len(article.text) > len(article.spoken), article.id


def test_every_unit_and_category_exists_and_every_first_level_is_covered(
    shipped: Knowledge,
) -> None:
    taxonomy, departments = load_taxonomy(), load_departments()
    for article in shipped:
        assert article.unit in departments, article.id
        assert all(taxonomy.get(code).level > 1 for code in article.categories), article.id
    covered = {taxonomy.ancestor(code, 1).code for row in shipped for code in row.categories}
    assert covered == {category.code for category in taxonomy.children()}


def test_every_article_is_asked_in_several_ways_and_no_way_leads_to_two(
    shipped: Knowledge,
) -> None:
    for article in shipped:
        assert 3 <= len(article.questions) <= 6, article.id
    asked = [same_question(question) for article in shipped for question in article.questions]
    assert len(asked) == len(set(asked))
    titles = [article.title for article in shipped]
    assert len(titles) == len(set(titles))


def test_an_article_holds_from_its_first_to_its_last_day(tmp_path: Path) -> None:
    rows = [
        row(valid_to=FIFTH),
        row(id="K0002", questions=["路灯太暗"], valid_from=SIXTH, audience=["enterprise"]),
    ]
    knowledge = load(city(tmp_path, town=rows))
    assert [article.id for article in knowledge.on(FIFTH)] == ["K0001"]
    assert [article.id for article in knowledge.on(SIXTH)] == ["K0002"]
    assert knowledge.on(date(2026, 3, 4)) == ()
    assert knowledge.get("K0002").audience == (Audience.ENTERPRISE,)


def test_the_citys_own_folder_takes_the_place_of_all_examples(tmp_path: Path) -> None:
    knowledge = load(city(tmp_path, town=[row()]))
    assert [article.id for article in knowledge] == ["K0001"]
    with pytest.raises(NotFound, match="K0002"):
        knowledge.get("K0002")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit": "D-MOON"}, r"knowledge/town\.yaml K0001.*单位 D-MOON 不在 departments"),
        ({"categories": ["C999999"]}, r"knowledge/town\.yaml K0001.*分类 C999999 不在 taxonomy"),
        ({"categories": ["C01"]}, "一级分类"),
        ({"categories": []}, r"knowledge/town\.yaml 第 1 条（K0001）：categories"),
        ({"spoken": "请" * 121}, r"knowledge/town\.yaml 第 1 条（K0001）：spoken"),
        ({"audience": ["cat"]}, r"第 1 条（K0001）：audience"),
        ({"valid_to": date(2026, 3, 4)}, "valid_to 早于 valid_from"),
        ({"id": "1"}, r"第 1 条（1）：id"),
        ({"tittle": "路灯"}, "tittle"),
    ],
)
def test_a_wrong_row_is_named_with_its_file(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(city(tmp_path, town=[row(**changes)]))


def test_a_number_or_a_question_used_twice_is_named_with_both_places(tmp_path: Path) -> None:
    same_number = [row(questions=["路灯太暗"])]
    rules = city(tmp_path, town=[row()], village=same_number)
    with pytest.raises(ConfigurationError, match=r"village\.yaml K0001.*town\.yaml K0001.*重复"):
        load(rules)
    same_words = [row(id="K0002", questions=["路灯坏了，找谁？"])]
    (tmp_path / "second").mkdir()
    rules = city(tmp_path / "second", town=[row()], village=same_words)
    with pytest.raises(ConfigurationError, match=r"village\.yaml K0002.*已在 .*town\.yaml K0001"):
        load(rules)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="没有任何"):
        load(city(tmp_path))
