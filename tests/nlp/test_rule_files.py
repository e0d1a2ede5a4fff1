"""The rule files a city edits: what is shipped holds together, and a slip is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.catalogue import load_catalogue
from config.departments import DepartmentKind, load_departments
from config.lexicon import load_lexicon
from config.rules import rule_file
from config.taxonomy import load_taxonomy
from config.urgency import load_urgency
from models.errors import ConfigurationError, NotFound
from models.vocabulary import RequestType

pytestmark = pytest.mark.unit


def write(rules: Path, name: str, text: str) -> Path:
    (rules / name).write_text(text, encoding="utf-8")
    return rules


class TestDepartments:
    def test_the_hotline_itself_and_all_kinds_of_units_are_there(self) -> None:
        units = load_departments()
        assert units.get(units.hotline).name.endswith("热线中心")
        assert all(units.of_kind(kind) for kind in DepartmentKind)
        assert len(units.of_kind(DepartmentKind.STREET)) == 6

    def test_a_street_knows_its_communities(self) -> None:
        units = load_departments()
        street = units.get("D-J-LH")
        assert [unit.parent for unit in units.children(street.code)] == [street.code]

    def test_an_unknown_code_is_named(self) -> None:
        with pytest.raises(NotFound, match="D-XX"):
            load_departments().get("D-XX")

    def test_the_citys_own_file_replaces_the_shipped_one(self, rules: Path) -> None:
        write(
            rules,
            "departments.yaml",
            "version: '1'\nhotline: H\nunits: [{code: H, name: 热线, kind: district}]\n",
        )
        assert [unit.name for unit in load_departments(rules)] == ["热线"]

    @pytest.mark.parametrize(
        ("units", "said"),
        [
            ("[{code: H, name: 热线, kind: bureau}]", r"第 1 个单位（H）.*bureau"),
            ("[{code: H, kind: district}]", r"第 1 个单位（H）.*name"),
            (
                "[{code: H, name: 甲, kind: district}, {code: H, name: 乙, kind: district}]",
                "H 用了两次（甲、乙）",
            ),
            ("[{code: H, name: 甲, kind: district, parent: Z}]", "上级 Z 不存在"),
            ("[{code: H, name: 甲, kind: district, parent: H}]", "成环"),
            ("[{code: H, name: 甲, kind: district, alias: [乙]}]", "不认识的字段 alias"),
            ("[{code: K, name: 甲, kind: district}]", "hotline 指向的 H 不存在"),
            ("[]", "没有任何单位"),
        ],
    )
    def test_a_wrong_row_is_named(self, rules: Path, units: str, said: str) -> None:
        write(rules, "departments.yaml", f"version: '1'\nhotline: H\nunits: {units}\n")
        with pytest.raises(ConfigurationError, match=said):
            load_departments(rules)

    def test_broken_yaml_says_which_file(self, rules: Path) -> None:
        write(rules, "departments.yaml", "units: [{code: \n")
        with pytest.raises(ConfigurationError, match=r"departments\.yaml 不是有效的 YAML"):
            load_departments(rules)


class TestTaxonomy:
    def test_the_first_level_holds_what_a_district_needs(self) -> None:
        names = {category.name for category in load_taxonomy().children()}
        assert names >= {"城乡建设", "环境保护", "交通运输", "教育文体", "劳动和社会保障"}
        assert names >= {"商贸旅游", "卫生计生", "市场监管", "住房物业", "公共服务", "农业农村"}

    def test_every_leaf_lies_on_the_third_level_and_lists_words(self) -> None:
        leaves = load_taxonomy().leaves
        assert len(leaves) >= 120
        assert all(len(leaf.path) == 3 and len(leaf.words) >= 5 for leaf in leaves)

    def test_the_way_up(self) -> None:
        taxonomy = load_taxonomy()
        leaf = taxonomy.get("C010102")
        assert taxonomy.ancestor(leaf.code, 1).name == leaf.path[0] == "城乡建设"

    @pytest.mark.parametrize(
        ("categories", "said"),
        [
            ("[{code: A, name: 甲}]", "“甲” 应有下级分类"),
            (
                "[{code: A, name: 甲, children: [{code: A, name: 乙, children: "
                "[{code: C, name: 丙}]}]}]",
                "A 用了两次（甲、甲/乙）",
            ),
            (
                "[{code: A, name: 甲, children: [{code: B, name: 乙, children: "
                "[{code: C, name: 丙, children: [{code: D, name: 丁}]}]}]}]",
                "“丙” 应没有下级分类",
            ),
            ("[{code: A, children: []}]", "“顶层” 下第 1 个分类：缺少 name"),
        ],
    )
    def test_a_wrong_row_is_named(self, rules: Path, categories: str, said: str) -> None:
        write(rules, "taxonomy.yaml", f"version: '1'\ncategories: {categories}\n")
        with pytest.raises(ConfigurationError, match=said):
            load_taxonomy(rules)


class TestLexicon:
    def test_every_place_lies_in_a_unit_that_exists(self) -> None:
        units = load_departments()
        assert all(place.unit is None or place.unit in units for place in load_lexicon().places)

    def test_a_name_for_two_places_is_refused(self, rules: Path) -> None:
        write(
            rules,
            "lexicon.yaml",
            "version: '1'\nplaces: [{name: 甲路, kind: road}, "
            "{name: 乙路, kind: road, aliases: [甲路]}]\n",
        )
        with pytest.raises(ConfigurationError, match="“甲路” 同时指 甲路 和 乙路"):
            load_lexicon(rules)


class TestCatalogue:
    def test_the_first_rule_that_matches_wins(self) -> None:
        units, taxonomy = load_departments(), load_taxonomy()
        catalogue = load_catalogue(taxonomy, units)

        def unit(text: str, code: str, street: str | None = None) -> str | None:
            line = tuple(taxonomy.ancestor(code, level).code for level in (1, 2, 3))
            decision = catalogue.decide(
                text=text,
                category_line=line,
                request_type=RequestType.HELP,
                street=lambda: street,
            )
            return decision.unit if decision else None

        assert unit("电信的宽带断了", "C120401") == "D-DX"
        assert unit("联通的宽带断了", "C120401") == "D-LT"
        assert unit("宽带断了", "C120401") is None
        assert unit("邻居滴水", "C100402", street="D-J-HX") == "D-J-HX"
        assert unit("邻居滴水", "C100402") is None

    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            ("{id: a, unit: D-XX, category: [C01], note: 因}", "规则 a：单位 D-XX 不在"),
            ("{id: a, unit: D-CG, category: [C99], note: 因}", "规则 a：分类 C99 不在"),
            ("{id: a, unit: D-CG, note: 因}", "没有任何条件"),
            ("{id: a, unit: D-CG, types: [PLEA], note: 因}", "诉求类型 PLEA 不存在"),
        ],
    )
    def test_a_wrong_rule_is_named(self, rules: Path, rule: str, said: str) -> None:
        write(rules, "dispatch_catalogue.yaml", f"version: '1'\nrules: [{rule}]\n")
        with pytest.raises(ConfigurationError, match=said):
            load_catalogue(load_taxonomy(), load_departments(), rules)


def test_urgency_rules_name_their_wrong_row(rules: Path) -> None:
    write(rules, "urgency.yaml", "version: '1'\nrules: [{level: SOON, reason: 因, words: [火]}]\n")
    with pytest.raises(ConfigurationError, match="第 1 条规则：level “SOON”"):
        load_urgency(rules)


def test_a_file_that_the_city_did_not_write_is_the_shipped_one(rules: Path) -> None:
    assert rule_file("taxonomy.yaml", rules).parent.name == "config"
