"""``hotline knowledge``, as an administrator runs it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from hotline.cli import main

pytestmark = pytest.mark.store

NEW = {
    "编号": "",
    "标题": "共享雨伞归还",
    "常见问法": "共享雨伞还不了怎么办；雨伞押金不退",
    "口头答复": "请先联系运营企业，退不了押金的我帮您登记转市场监管部门。",
    "正文": "登记要点：品牌、地点、订单号。",
    "依据": "中华人民共和国消费者权益保护法",
    "责任单位": "区市场监管局",
    "诉求分类": "C010102",
    "适用对象": "自然人",
    "生效日期": "2026/1/1",
    "失效日期": "",
}


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own."""
    monkeypatch.setenv("HOTLINE_VAR", str(tmp_path))
    return tmp_path


def run(*words: str, ends: int = 0) -> str:
    """One command; what it says."""
    done = CliRunner().invoke(main, ["knowledge", *words], catch_exceptions=False)
    assert done.exit_code == ends, done.output
    return done.output


def rows_of(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))


def write(file: Path, rows: list[dict[str, str]], encoding: str = "utf-8-sig") -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    file.write_bytes(text.getvalue().encode(encoding))


def test_export_edit_and_import(var: Path) -> None:
    book, table = var / "知识库.xlsx", var / "知识库.csv"
    assert "已写出 214 条" in run("export", str(book))
    same = "新增 0 条，修改 0 条，没有变化 214 条；检查通过，尚未导入。"
    assert same in run("import", str(book), "--check")
    run("export", str(table))
    rows = rows_of(table)
    lamp = next(row for row in rows if row["编号"] == "K0408")
    lamp["口头答复"] = "路灯归城管局，请说明路名和灯杆编号。"
    unit = lamp["责任单位"]
    write(table, [*rows, {**dict.fromkeys(rows[0], ""), **NEW, "责任单位": unit}], "gb18030")
    assert run("import", str(table), ends=2)
    told = run("import", str(table), "--by", "张三", "--publish")
    assert "已按 GBK" in told
    assert "新增 1 条，修改 1 条，没有变化 213 条；已发布。" in told
    run("export", str(table))
    after = {row["编号"]: row for row in rows_of(table)}
    assert after["K0408"]["口头答复"] == lamp["口头答复"]
    assert (after["K0408"]["示例"], after["K0409"]["示例"]) == ("", "是")
    assert after["K1116"]["标题"] == NEW["标题"], "the next free number"
    assert "213 条示例尚未经本地核对" in run("check")


def test_what_waits_for_review_is_not_overwritten(var: Path) -> None:
    table = var / "新条目.csv"
    run("export", str(table))
    lamp = next(row for row in rows_of(table) if row["编号"] == "K0408")
    write(table, [lamp | {"标题": "路灯故障"}])
    assert "修改 1 条，没有变化 0 条；已导入，待审。" in run("import", str(table), "--by", "张三")
    assert "第2行“编号”：该条目有草稿或待审的内容" in run("import", str(table), "--check", ends=1)


def test_every_bad_cell_is_named_and_nothing_is_taken(var: Path) -> None:
    table = var / "新条目.csv"
    bad = NEW | {"责任单位": "市场监菅局", "生效日期": "明年", "口头答复": "请" * 121}
    long = NEW | {"责任单位": "D-SC", "口头答复": "请" * 121}
    write(table, [NEW | {"责任单位": "D-SC"}, bad, long])
    told = run("import", str(table), "--by", "张三", ends=1)
    assert "第3行“责任单位”：不认识的单位“市场监菅局”" in told
    assert "第3行“生效日期”：“明年”不是日期" in told
    assert "第4行“口头答复”" in told
    assert "共 3 处错误，没有导入。" in told
    assert "214 条，0 处错误。" in run("check")
    write(table, [{"标题": "甲"}])
    assert "没有“常见问法”列" in run("import", str(table), "--check", ends=1)
