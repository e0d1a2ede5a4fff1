"""``hotline catalogue``, as an administrator runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from hotline.cli import main
from tests.dispatch.catalogue_sheets import LAMPS, TOWN, as_csv, as_excel

pytestmark = pytest.mark.store


@pytest.fixture(autouse=True)
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own."""
    monkeypatch.setenv("HOTLINE_VAR", str(tmp_path))
    return tmp_path


def run(*words: str, ends: int = 0) -> str:
    """One command; what it says."""
    done = CliRunner().invoke(main, ["catalogue", *words], catch_exceptions=False)
    assert done.exit_code == ends, done.output
    return done.output


def test_export_edit_import_and_ask(var: Path) -> None:
    file = var / "目录.xlsx"
    assert "已写出 52 条规则" in run("export", str(file))
    assert "52 条规则，0 处变化" in run("import", str(file), "--check")
    file.write_bytes(as_excel(LAMPS, TOWN))
    told = run("import", str(file), "--from", "2999-01-01", "--note", "机构改革")
    assert "新增　lamps" in told and "导入为 2999-01-01 版" in told
    assert "区城管局" in run("owner", "--category", "路灯照明")
    later = run("owner", "--category", "路灯照明", "--on", "2999-01-01")
    assert "区住建局（路灯自2026年12月起由住建部门负责，由本单位直接办理，不得下派）" in later
    assert "依据第 1 条规则 lamps" in later
    own = run("owner", "--unit", "住建局", "--on", "2999-01-01")
    assert "城乡建设/市政设施/路灯照明" in own and "区城管局" not in own
    assert "未生效　目录.xlsx　机构改革" in run("show", "--versions")
    assert "个分类" not in run("show", "--version", "2999-01-01").splitlines()[1]


def test_a_bad_file_is_told_row_by_row_and_nothing_is_taken(var: Path) -> None:
    file = var / "目录.csv"
    file.write_bytes(as_csv(LAMPS, TOWN | {"主办单位": "区城菅局"}))
    told = run("import", str(file), ends=1)
    assert "第3行“主办单位”：不认识的单位“区城菅局”。是否应为：区城管局（D-CG）" in told
    assert "共 1 处错误，没有导入。" in told
    assert len(run("show", "--versions").splitlines()) == 1
