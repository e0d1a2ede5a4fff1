"""The hotline's own model learns from imported history, and is swapped while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from hotline.text_model import ModelWatch
from models.vocabulary import RequestType
from nlp.text.corpus import CorpusError, LabelledText
from nlp.text.drift import shift
from nlp.text.evaluate import Report, evaluate
from nlp.text.features import known_words
from nlp.text.imported import Imported, read_rows
from nlp.text.model import TextModel, save_model
from nlp.text.report_page import Judged, page
from nlp.text.resources import Resources
from nlp.text.train import fit
from nlp.text.understander import Understander, models_dir
from nlp.text.versions import roll_back, switch
from tests.nlp.conftest import NOW, ZONE

pytestmark = pytest.mark.unit

HEADER = "内容,诉求类型,诉求分类,承办单位\n"
LAMP = "解放路的路灯坏了三天没人修"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(var=tmp_path)


class TestImportedRows:
    def read(self, tmp_path: Path, resources: Resources, *lines: str) -> Imported:
        path = tmp_path / "历史.csv"
        path.write_bytes((HEADER + "\n".join(lines)).encode("gb18030"))
        return read_rows(path, resources.taxonomy, resources.departments)

    def test_codes_names_and_paths_are_taken_alike(
        self, tmp_path: Path, resources: Resources
    ) -> None:
        leaf = resources.taxonomy.get("C010102")
        unit = resources.departments.get("D-CG")
        found = self.read(
            tmp_path,
            resources,
            f"{LAMP},投诉,{' / '.join(leaf.path)},{unit.name}",
            f"{LAMP}，请快修,COMPLAINT,{leaf.code},{unit.code}",
            f"{LAMP},咨询,{leaf.code},{unit.code}",
        )
        assert [row.category for row in found.rows] == [leaf.code] * 2, "said twice, learned once"
        assert {row.department for row in found.rows} == {unit.code}
        assert found.rows[0].request_type is RequestType.COMPLAINT

    def test_every_bad_row_is_named_and_the_others_are_used(
        self, tmp_path: Path, resources: Resources
    ) -> None:
        found = self.read(
            tmp_path,
            resources,
            f"{LAMP},投诉,C010102,D-CG",
            "水管爆了,吵架,C010102,D-CG",
            "没有气,投诉,不知道什么,D-CG",
            ",投诉,C010102,D-CG",
            "停电了,投诉,C010102,",
        )
        assert len(found.rows) == 1
        told = "；".join(found.faults)
        for said in (
            "第 3 行：诉求类型“吵架”不存在",
            "第 4 行：诉求分类“不知道什么”不存在",
            "第 5 行：没有正文",
            "第 6 行：承办单位为空",
        ):
            assert said in told

    def test_a_table_without_the_columns_says_what_it_holds(
        self, tmp_path: Path, resources: Resources
    ) -> None:
        path = tmp_path / "x.csv"
        path.write_text("标题,内容\n路灯,坏了\n", "utf-8")
        with pytest.raises(CorpusError, match=r"缺少列：诉求类型、诉求分类、承办单位.*标题"):
            read_rows(path, resources.taxonomy, resources.departments)

    def test_which_rows_are_kept_for_testing_does_not_change(
        self, tmp_path: Path, resources: Resources
    ) -> None:
        lines = [f"{n}号楼{LAMP},投诉,C010102,D-CG" for n in range(60)]
        first = self.read(tmp_path, resources, *lines)
        again = self.read(tmp_path, resources, *reversed(lines[:50]))
        held = {row.text: row.held_out for row in first.rows}
        assert {held[row.text] is row.held_out for row in again.rows} == {True}
        assert 0 < sum(held.values()) < 30


class TestSwapping:
    async def test_a_running_server_takes_the_version_that_was_switched_to(
        self, settings: Settings, model: TextModel, resources: Resources
    ) -> None:
        folder = models_dir(settings)
        understander = Understander(model, resources, ZONE)
        save_model(model, folder / model.version)
        switch(folder, model.version, by="自动", reason="训练", at=NOW)
        watch = ModelWatch(settings, understander)
        await watch.look()
        before = understander.classifier
        assert understander.version == model.version
        other = another_version(model)
        save_model(other, folder / other.version)
        switch(folder, other.version, by="罗文斌", reason="指定启用", at=NOW)
        await watch.look()
        assert understander.version == other.version
        assert understander.understand(LAMP, now=NOW).model_version == other.version
        roll_back(folder, by="罗文斌", at=NOW)
        await watch.look()
        assert understander.version == model.version
        assert understander.classifier is not before, "read again from the disk"

    async def test_a_damaged_version_is_told_and_not_taken(
        self, settings: Settings, model: TextModel, resources: Resources
    ) -> None:
        folder = models_dir(settings)
        understander = Understander(model, resources, ZONE)
        other = another_version(model)
        save_model(other, folder / other.version)
        switch(folder, other.version, by="自动", reason="训练", at=NOW)
        (folder / other.version / "arrays.npz").write_bytes(b"damaged")
        watch = ModelWatch(settings, understander)
        await watch.look()
        await watch.look()
        assert understander.version == model.version


def another_version(model: TextModel) -> TextModel:
    return replace(model, version="20991231-000000-abcdef01")


@pytest.fixture(scope="module")
def found(understander: Understander, seed_rows: Sequence[LabelledText]) -> Report:
    return evaluate(understander.classifier, [row for row in seed_rows if row.held_out][:120])


class TestJudging:
    def test_the_worst_mistakes_are_the_surest_wrong_ones(self, found: Report) -> None:
        mistakes = found.tasks["category"].mistakes
        assert mistakes and all(one.given != one.proposed for one in mistakes)
        assert [m.confidence for m in mistakes] == sorted(
            (m.confidence for m in mistakes), reverse=True
        )

    def test_the_page_shows_curves_confusions_and_mistakes_and_escapes_texts(
        self, found: Report
    ) -> None:
        titles = {"category": "分类<b>"}
        models = [Judged(title="新版", tasks=found.tasks), Judged(title="旧版", tasks=found.tasks)]
        html = page("评测", ["说明"], models, titles, lambda _task, code: f"<{code}>")
        assert html.count("<polyline") == 2 * len(found.tasks)
        assert "分类&lt;b&gt;" in html and "<b>" not in html
        mistake = found.tasks["category"].mistakes[0]
        assert mistake.text[:20] in html and f"&lt;{mistake.proposed}&gt;" in html
        assert "最常混淆" in html and "旧版" in html

    def test_long_numbers_do_not_stand_in_a_report(
        self, understander: Understander, seed_rows: Sequence[LabelledText]
    ) -> None:
        wrong = [
            replace(row, text=f"{row.text[:40]}，电话13812345678", category="C010102")
            for row in seed_rows[:60]
            if row.category != "C010102"
        ]
        mistakes = evaluate(understander.classifier, wrong).tasks["category"].mistakes
        assert mistakes and all("13812345678" not in one.text for one in mistakes)
        assert any("×××" in one.text for one in mistakes)


class TestDrift:
    def test_the_same_mixture_has_not_moved(self) -> None:
        found = shift(["A"] * 60 + ["B"] * 40, ["A"] * 62 + ["B"] * 38)
        assert found is not None and found.index < 0.01

    def test_a_new_matter_shows_and_is_named_first(self) -> None:
        found = shift(["A"] * 60 + ["B"] * 40, ["A"] * 30 + ["B"] * 20 + ["C"] * 50)
        assert found is not None and found.index > 0.2
        assert found.moved[0] == ("C", 0.0, 0.5)

    def test_too_few_orders_say_nothing(self) -> None:
        assert shift(["A"] * 10, ["B"] * 500) is None

    def test_words_that_training_never_saw(self, understander: Understander) -> None:
        usual = understander.known_words([LAMP])
        strange = understander.known_words(["氪金抽卡元宇宙虚拟偶像周边售罄"])
        assert usual > 0.5 > strange


def test_rows_of_the_city_are_learned_and_counted(
    seed_rows: list[LabelledText], resources: Resources
) -> None:
    def own(n: int) -> LabelledText:
        return LabelledText(
            id=f"row-{n}",
            text=f"{n}号岛礁潮汐观测浮标漂走了",
            request_type=RequestType.HELP,
            category="C010102",
            department="D-CG",
        )

    further = [own(n) for n in range(30)]
    model = fit([*seed_rows[:800], *further], resources, NOW)
    understander = Understander(model, resources, ZONE)
    found = understander.understand("99号岛礁的潮汐观测浮标不见了", now=NOW)
    assert found.categories[0].code == "C010102"
    assert model.manifest["rows"]["own"] == 30
    assert 0 < model.manifest["known_words"] <= 1
    assert known_words(model.space, []) == 1.0
