"""A city trains on its own labelled rows, predicts, and measures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner

from hotline.cli import main
from nlp.text.corpus import CorpusError, LabelledText
from nlp.text.coverage import NEVER_SURE, accuracy_at, curve, threshold
from nlp.text.evaluate import Answer, evaluate_labeller
from nlp.text.features import FeatureSpace, pieces
from nlp.text.labeller import Labeller, ManyTasks, label_jsonl
from nlp.text.learn import learn, write_model
from nlp.text.model import ModelUnavailable, TextModel, load_model, save_model
from nlp.text.resources import Resources
from nlp.text.sounds import sound_table
from nlp.text.tables import Example, Examples, read_examples
from nlp.text.versions import better, history, in_use, roll_back, switch
from tests.nlp.conftest import NOW

pytestmark = pytest.mark.unit

HEADER = ["标题", "正文", "领域"]
ROWS = [
    ["路灯", "我们这里路灯全部不亮", "城建"],
    ["老师", "老师体罚学生，还有偿补课", "教育"],
    ["停电", "小区停电两天没人修", "城建"],
]


def as_csv(rows: Sequence[Sequence[str]], separator: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue()


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture(scope="module")
def labeller(seed_rows: list[LabelledText], resources: Resources) -> Labeller:
    rows = [Example(text=row.text, label=row.category[:3]) for row in seed_rows[:500]]
    examples = Examples(rows=rows, tokenised=False, repairs=[])
    return Labeller(learn(examples, "domain", resources.segmenter.words, now=NOW))


class TestReadingRows:
    @pytest.mark.parametrize(
        ("encoding", "said"),
        [
            ("utf-8", None),
            ("utf-8-sig", None),
            ("gbk", "GBK"),
            ("gb18030", "GBK"),
            ("utf-16", "UTF-16"),
            ("utf-16-le", "UTF-16"),
        ],
    )
    def test_whatever_the_encoding(self, tmp_path: Path, encoding: str, said: str | None) -> None:
        path = written(tmp_path / "a.csv", as_csv([HEADER, *ROWS]).encode(encoding))
        found = read_examples(path, ["标题", "正文"], "领域")
        assert [row.label for row in found.rows] == ["城建", "教育", "城建"]
        assert found.rows[0].text == "路灯。我们这里路灯全部不亮"
        assert [said in repair for repair in found.repairs] == ([True] if said else [])

    def test_excel_with_a_second_sheet(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        for row in [HEADER, *ROWS]:
            book.active.append(row)
        book.create_sheet("别的")
        book.save(tmp_path / "a.xlsx")
        found = read_examples(tmp_path / "a.xlsx", ["正文"], "领域")
        assert len(found.rows) == 3
        assert "另有 1 张未读" in found.repairs[0]

    def test_tabs_instead_of_commas(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.csv", as_csv([HEADER, *ROWS], "\t").encode())
        found = read_examples(path, ["正文"], "领域")
        assert len(found.rows) == 3
        assert "制表符" in found.repairs[0]

    def test_a_few_damaged_bytes_cost_a_few_characters(self, tmp_path: Path) -> None:
        content = as_csv([HEADER, *ROWS * 200]).encode().replace("不亮".encode(), b"\xff\xfe", 1)
        found = read_examples(written(tmp_path / "a.csv", content), ["正文"], "领域")
        assert len(found.rows) == 600
        assert "第 2 行起" in found.repairs[0]

    def test_rows_without_text_or_label_are_left_out_and_told(self, tmp_path: Path) -> None:
        rows = [HEADER, *ROWS, ["", "", "城建"], ["水", "停水", ""]]
        found = read_examples(written(tmp_path / "a.csv", as_csv(rows).encode()), ["正文"], "领域")
        assert len(found.rows) == 3
        assert "2 行缺少正文或标签" in found.repairs[0]

    @pytest.mark.parametrize(
        ("content", "columns", "said"),
        [
            ("", ["正文"], "空文件"),
            ("标题,正文,领域\n", ["正文"], "只有表头（标题、正文、领域）"),
            (as_csv([HEADER, *ROWS]), ["内容"], "没有列“内容”；文件里有：标题、正文、领域"),
            ("正文,领域\n,\n,城建\n", ["正文"], "没有可用的行"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, tmp_path: Path, content: str, columns: list[str], said: str
    ) -> None:
        with pytest.raises(CorpusError, match=said):
            read_examples(written(tmp_path / "a.csv", content.encode()), columns, "领域")

    def test_a_file_that_is_no_text(self, tmp_path: Path) -> None:
        with pytest.raises(CorpusError, match="编码无法识别"):
            read_examples(written(tmp_path / "a.csv", bytes(range(128, 256)) * 9), ["a"], "b")
        with pytest.raises(CorpusError, match="不是可读的 Excel"):
            read_examples(written(tmp_path / "a.xlsx", b"PK no"), ["a"], "b")


class TestTokenisedTexts:
    def test_words_with_spaces_or_commas_between_them(self) -> None:
        assert pieces("路灯 不亮 晚上 出门 害怕") == ["路灯", "不亮", "晚上", "出门", "害怕"]
        assert pieces("路灯,不亮,晚上,出门") is not None
        assert pieces("我们这里的路灯全部不亮了，晚上不敢出门，请尽快派人来修一下") is None

    def test_cut_or_whole_a_text_is_the_same_row(self, resources: Resources) -> None:
        words = resources.segmenter.words
        whole = "路灯不亮晚上不敢出门"
        cut = " ".join(words(whole))
        space = FeatureSpace.fit([whole, whole], words, sound_table())
        assert np.array_equal(space.row(cut).indices, space.row(whole).indices)

    def test_words_taken_out_of_the_rows_are_left_out_of_texts(
        self, seed_rows: list[LabelledText], resources: Resources
    ) -> None:
        words = resources.segmenter.words
        rows = [
            Example(
                text=" ".join(w for w in words(row.text) if w not in "我们的了，。"),
                label=row.category[:3],
            )
            for row in seed_rows[:200]
        ]
        model = learn(
            Examples(rows=rows, tokenised=True, repairs=[]),
            "domain",
            words,
            now=NOW,
            ordinary=[row.text for row in seed_rows],
        )
        assert {"我们", "的", "了"} <= model.space.left_out


class TestHomophones:
    def test_what_sounds_alike_shares_features(self, resources: Resources) -> None:
        words = resources.segmenter.words
        texts = ["蒸湘路路灯不亮", "学校老师补课收费"]
        space = FeatureSpace.fit(texts, words, sound_table(), min_texts=1)
        said, other = space.row("征香路路灯部亮"), space.row(texts[1])
        right = space.row(texts[0])
        assert len(np.intersect1d(said.indices, right.indices)) > 5
        assert len(np.intersect1d(said.indices, other.indices)) == 0


class TestLearning:
    def test_every_label_likeliest_first(self, labeller: Labeller) -> None:
        found = labeller.label("路灯全部不亮，晚上看不见路")
        shown = [one.confidence for one in found]
        assert {one.label for one in found} == set(labeller.labels)
        assert shown == sorted(shown, reverse=True)
        assert sum(shown) == pytest.approx(1, abs=1e-4)

    def test_better_than_the_commonest_label_on_rows_not_learned(
        self, labeller: Labeller, seed_rows: list[LabelledText]
    ) -> None:
        rows = [Example(text=r.text, label=r.category[:3]) for r in seed_rows[500:900]]
        found = evaluate_labeller(labeller, rows)
        assert found.accuracy > 0.35  # the commonest label has one row in five at most
        assert found.accuracy_at_80 > found.accuracy
        assert found.curve[-1].coverage == 1

    def test_kept_and_read_again_it_says_the_same(
        self, labeller: Labeller, resources: Resources, tmp_path: Path
    ) -> None:
        write_model(labeller.model, tmp_path / "m")
        write_model(labeller.model, tmp_path / "m")
        again = Labeller(load_model(tmp_path / "m", resources.segmenter.words))
        assert again.label("停水三天了") == labeller.label("停水三天了")
        assert [path.name for path in tmp_path.iterdir()] == ["m"]

    def test_a_folder_with_something_else_is_left_alone(
        self, labeller: Labeller, tmp_path: Path
    ) -> None:
        (tmp_path / "letter.txt").write_text("重要")
        with pytest.raises(CorpusError, match="不是空的"):
            write_model(labeller.model, tmp_path)
        assert (tmp_path / "letter.txt").read_text() == "重要"

    def test_a_label_with_one_example_is_left_out_and_told(self, resources: Resources) -> None:
        rows = [Example(text=f"{row[1]}{n}号{'甲乙丙丁戊己'[n]}", label=row[2])
                for n in range(6) for row in ROWS]  # fmt: skip
        rows.append(Example(text="独一无二的事", label="孤"))
        model = learn(
            Examples(rows=rows, tokenised=False, repairs=[]),
            "x",
            resources.segmenter.words,
            now=NOW,
        )
        assert model.heads["x"].classes == ("城建", "教育")
        assert any("“孤”只有 1 条样本" in said for said in model.manifest["repairs"])

    def test_too_little_to_learn_from_names_what_there_is(self, resources: Resources) -> None:
        one = Examples(
            rows=[Example(text=row[1], label="城建") for row in ROWS], tokenised=False, repairs=[]
        )
        with pytest.raises(CorpusError, match=r"两个标签.*城建 3 条"):
            learn(one, "x", resources.segmenter.words, now=NOW)

    def test_the_hotlines_own_model_is_no_single_task(self, model: TextModel) -> None:
        with pytest.raises(ManyTasks, match="4 个任务"):
            Labeller(model)


def test_a_line_for_a_line(labeller: Labeller) -> None:
    out, errors = io.StringIO(), io.StringIO()
    lines = '{"id": 7, "text": "路灯不亮"}\n{"id": "b"}\n{"id": "c", "text": "老师 打 学生 脸"}\n'
    code = label_jsonl(io.StringIO(lines), out, labeller, errors=errors)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [answer["id"] for answer in answers] == [7, "b", "c"]
    assert set(answers[0]["labels"][0]) == {"label", "confidence"}
    assert len(answers[2]["labels"]) == len(labeller.labels)
    assert code == 1
    assert "第 2 行" in errors.getvalue()


class TestCoverage:
    def answers(self) -> list[Answer]:
        """A hundred rows: the surer, the righter."""
        return [Answer("a", ("a" if n < 60 or n % 2 else "b",), 1 - n / 100) for n in range(100)]

    def test_the_surest_rows_are_the_right_ones(self) -> None:
        points = curve(self.answers())
        assert points[0].accuracy == 1
        assert points[-1].accuracy == pytest.approx(0.8)
        assert accuracy_at(self.answers(), 0.6) == 1

    def test_the_lowest_confidence_that_keeps_the_promise(self) -> None:
        found = threshold(self.answers(), 0.9)
        assert 0.6 < found.coverage < 0.8
        assert found.accuracy >= 0.9

    def test_where_nothing_keeps_it_the_machine_never_speaks(self) -> None:
        wrong = [Answer("a", ("b",), 0.9)] * 50
        assert threshold(wrong, 0.9).confidence == NEVER_SURE


class TestCommands:
    def test_train_predict_evaluate(
        self,
        seed_rows: list[LabelledText],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("HOTLINE_VAR", str(tmp_path / "var"))
        rows = [[row.text, row.category[:3]] for row in seed_rows[:300]]
        data = written(tmp_path / "a.csv", as_csv([["t", "l"], *rows]).encode("gbk"))
        run = CliRunner().invoke
        given = ["--data", str(data), "--text", "t", "--label", "l"]
        folder = str(tmp_path / "m")
        trained = run(main, ["train", *given, "--task", "domain", "--out", folder])
        assert trained.exit_code == 0, trained.output
        assert "GBK" in trained.stderr
        asked = run(main, ["predict", "--model", folder, "--jsonl"],
                    input='{"id": "1", "text": "路灯不亮"}\n')  # fmt: skip
        assert json.loads(asked.stdout)["labels"][0]["label"].startswith("C")
        measured = run(main, ["evaluate", "--model", folder, *given, "--json"])
        assert json.loads(measured.stdout)["accuracy"] > 0.9

    def test_a_forgotten_option_is_named(self, tmp_path: Path) -> None:
        found = CliRunner().invoke(main, ["train", "--data", "a.csv", "--text", "t"])
        assert "--label、--task、--out" in found.output


class TestVersions:
    def kept(self, folder: Path, model: TextModel, *names: str) -> None:
        for name in names:
            save_model(replace(model, version=name), folder / name)

    def test_back_to_the_version_before(self, labeller: Labeller, tmp_path: Path) -> None:
        self.kept(tmp_path, labeller.model, "1", "2")
        switch(tmp_path, "1", by="自动", reason="首次训练", at=NOW)
        switch(tmp_path, "2", by="陈主任", reason="指定启用", at=NOW)
        assert in_use(tmp_path) == "2"
        assert roll_back(tmp_path, by="陈主任", at=NOW).version == "1"
        assert in_use(tmp_path) == "1"
        assert [made.by for made in history(tmp_path)] == ["自动", "陈主任", "陈主任"]

    def test_no_way_back_from_the_first(self, labeller: Labeller, tmp_path: Path) -> None:
        self.kept(tmp_path, labeller.model, "1")
        switch(tmp_path, "1", by="自动", reason="首次训练", at=NOW)
        with pytest.raises(ModelUnavailable, match="没有可以退回的版本"):
            roll_back(tmp_path, by="陈主任", at=NOW)
        with pytest.raises(ModelUnavailable):
            switch(tmp_path, "3", by="陈主任", reason="指定启用", at=NOW)
        assert in_use(tmp_path) == "1"

    @pytest.mark.parametrize(
        ("macro_f1", "accuracy", "expected"),
        [(0.82, 0.80, True), (0.80, 0.80, True), (0.79, 0.85, False), (0.85, 0.75, False)],
    )
    def test_better_means_no_task_pays_for_it(
        self, macro_f1: float, accuracy: float, expected: bool
    ) -> None:
        old = {"category": {"macro_f1": 0.80, "accuracy": 0.80}}
        new = {"category": {"macro_f1": macro_f1, "accuracy": accuracy}}
        assert better(new, old) is expected
