"""Texts of the same matter: the index, what it keeps on disk, and ``hotline similar``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.cli import main
from nlp.similar.grams import grams_of
from nlp.similar.index import THOROUGH, Reach, SimilarIndex

pytestmark = pytest.mark.unit

LAMPS = [
    "静园路整条街的路灯都不亮，晚上走路看不见",
    "静园路路灯坏了好几天，没有人来修",
    "想问一下医保卡丢了怎么补办",
    "楼下烧烤店油烟太大，熏得睡不着",
    "小区停水两天了，什么时候能来水",
]


def index_of(texts: list[str], reach: Reach = THOROUGH) -> SimilarIndex:
    index = SimilarIndex(reach)
    index.add(texts)
    return index


def test_the_other_message_of_the_same_matter_comes_first_after_itself() -> None:
    hits = index_of(LAMPS).search(LAMPS[0])
    assert [hit.doc for hit in hits[:2]] == [0, 1]
    assert hits[0].score == pytest.approx(1.0, abs=0.02)
    assert 0 < hits[1].score < 0.6


def test_punctuation_and_width_of_letters_make_no_difference() -> None:
    index = index_of(["Ａ栋３０１室漏水。", *LAMPS])
    assert index.search("a栋301室，漏水")[0].doc == 0


def test_a_text_of_nothing_finds_nothing() -> None:
    index = index_of(LAMPS)
    assert [index.search(text) for text in ("", "路", "？！", "\ud800")] == [[], [], [], []]
    assert SimilarIndex().search("路灯不亮") == []


def test_a_fresh_text_is_found_at_once_and_still_after_many_more() -> None:
    index = index_of([f"第{n}号门面占道经营，影响通行" for n in range(900)])
    number = index.add(["金桥花园电梯困人，多次报修无果"])
    for more in range(3):
        assert index.search("金桥花园的电梯又困人了")[0].doc == number
        index.add([f"{n}栋{more}单元楼道堆放杂物" for n in range(700)])
    index.compact()
    assert index.search("金桥花园的电梯又困人了")[0].doc == number


def test_an_index_is_kept_and_goes_on_where_it_stood(tmp_path: Path) -> None:
    index = index_of(LAMPS)
    index.save(tmp_path / "kept")
    again = SimilarIndex.load(tmp_path / "kept", THOROUGH)
    assert again.search(LAMPS[1]) == index.search(LAMPS[1])
    assert again.add(["静园路的路灯昨天修好了"]) == len(LAMPS)
    assert {hit.doc for hit in again.search("静园路的路灯")} >= {0, 1, 5}


@pytest.mark.parametrize("name", ["docs.npy", "offsets.npy", "span.npy"])
def test_a_damaged_index_is_refused(tmp_path: Path, name: str) -> None:
    index_of(LAMPS).save(tmp_path / "kept")
    file = tmp_path / "kept" / "segment-000" / name
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises((OSError, ValueError)):
        SimilarIndex.load(tmp_path / "kept", THOROUGH)


def test_an_index_that_keeps_less_of_each_text_is_another_one(tmp_path: Path) -> None:
    index_of(LAMPS).save(tmp_path / "kept")
    with pytest.raises(ValueError, match="another scheme"):
        SimilarIndex.load(tmp_path / "kept", Reach(runs_kept=8))


def test_few_runs_kept_are_the_rare_ones() -> None:
    common = [f"市民来电反映第{n}号问题，希望有关部门尽快处理" for n in range(200)]
    index = index_of(
        [*common, "市民来电反映蒸水桥下有人炸鱼，希望有关部门尽快处理"], Reach(runs_kept=8)
    )
    assert index.search("蒸水桥炸鱼")[0].doc == 200


def test_likeness_does_not_depend_on_which_of_two_is_asked_for() -> None:
    index = index_of(LAMPS)
    there, back = index.likeness(LAMPS[0], [LAMPS[1]]), index.likeness(LAMPS[1], [LAMPS[0]])
    assert there == pytest.approx(back)
    assert index.likeness(LAMPS[0], [LAMPS[0], LAMPS[4], ""]) == pytest.approx(
        [1.0, 0.0, 0.0], abs=0.05
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="路灯不亮水电a1，。", max_size=30), min_size=1, max_size=40))
def test_parts_together_find_what_one_part_finds(texts: list[str]) -> None:
    whole, parted = index_of(texts), SimilarIndex(THOROUGH)
    for text in texts:
        parted.add([text])
    parted.compact()
    assert len(whole) == len(parted) == len(texts)
    for number, text in enumerate(texts):
        same = {other for other, that in enumerate(texts) if plain(that) == plain(text)}
        found = {hit.doc for hit in parted.search(text, len(texts))}
        assert not plain(text)[1:] or same <= found, number


def plain(text: str) -> str:
    return "".join(letter for letter in text if letter not in "，。")


def test_runs_of_many_texts_are_those_of_each() -> None:
    together = grams_of(LAMPS)
    for number, text in enumerate(LAMPS):
        alone = grams_of([text])
        assert together.of(number)[0].tolist() == alone.features.tolist()
        assert together.of(number)[1].tolist() == alone.counts.tolist()


# --- hotline similar ------------------------------------------------------------------------------

POOL = """编号,标题,内容
1,静园路路灯不亮,整条街都黑
2,静园路的路灯坏了,走路看不见
3,医保卡丢了,怎么补办
"""


def ask(pool: Path, *lines: object, text: str = "标题,内容", name: str = "编号") -> Result:
    given_lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    options = ["--pool", str(pool), "--id", name, "--text", text, "--jsonl"]
    return CliRunner().invoke(main, ["similar", *options], input=given_lines)


def answers(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_line_in_one_line_out_and_itself_left_out(tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text(POOL, encoding="utf-8")
    result = ask(pool, {"id": 1, "text": "静园路路灯不亮"}, {"id": "neu", "text": "静园路路灯不亮"})
    assert result.exit_code == 0, result.output
    of_first, of_other = answers(result)
    assert [hit["id"] for hit in of_first["similar"]] == ["2"]  # type: ignore[attr-defined]  # JSON
    assert [hit["id"] for hit in of_other["similar"]] == ["1", "2"]  # type: ignore[attr-defined]


def test_never_more_than_ten(tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    rows = "".join(f"{n},{n}栋路灯不亮\n" for n in range(30))
    pool.write_text("id,text\n" + rows, encoding="utf-8")
    (answer,) = answers(ask(pool, {"id": 3, "text": "路灯不亮"}, text="text", name="id"))
    found = [hit["id"] for hit in answer["similar"]]  # type: ignore[attr-defined]  # JSON
    assert len(found) == len(set(found)) == 10
    assert "3" not in found


def test_a_file_in_gbk_is_read_and_it_is_said(tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_bytes(POOL.encode("gbk"))
    result = ask(pool, {"id": "x", "text": "路灯"})
    assert result.exit_code == 0
    assert "GBK" in result.stderr
    assert len(answers(result)[0]["similar"]) == 2  # type: ignore[arg-type]  # JSON


def test_a_wrong_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text(POOL, encoding="utf-8")
    for result in (ask(pool, text="正文"), ask(pool, name="工单号")):
        assert result.exit_code == 1
        assert "文件里有：编号、标题、内容" in result.stderr


@pytest.mark.parametrize("content", ["", "\n\n", "编号,标题\n", "编号,标题\n1,\n,有字\n"])
def test_a_file_without_texts_is_refused(tmp_path: Path, content: str) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text(content, encoding="utf-8")
    result = ask(pool, {"id": "x", "text": "路灯"}, text="标题")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.strip()


def test_an_id_that_stands_twice_is_told_and_found_once(tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text(
        POOL + "2,静园路路灯又坏了,请派人来修\n3,医保卡丢了,怎么补办\n", encoding="utf-8"
    )
    result = ask(pool, {"id": "x", "text": "静园路路灯坏了"})
    assert [hit["id"] for hit in answers(result)[0]["similar"]] == ["2", "1"]  # type: ignore[attr-defined]
    assert "1 个编号有几行不同的内容（如 2）" in result.stderr
    assert "1 行与前面的行编号、内容都相同" in result.stderr


def test_a_bad_line_spoils_its_own_answer_only(tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text(POOL, encoding="utf-8")
    result = ask(pool, {"id": "a"}, {"id": "b", "text": "路灯"})
    assert result.exit_code == 1
    bad, good = answers(result)
    assert bad == {"id": "a", "line": 1, "error": "缺少 text，或 text 不是文字"}
    assert good["similar"]
