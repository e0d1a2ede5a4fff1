"""A city measures the model on its own labelled messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp.text.corpus import CorpusError
from nlp.text.measure import measure_csv
from nlp.text.understander import Understander

pytestmark = pytest.mark.unit

LABELS = {"城建": ["C01", "C12"], "教育": ["C04"]}


def csv_file(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_other_labels_are_compared_through_the_map(
    understander: Understander, tmp_path: Path
) -> None:
    path = csv_file(
        tmp_path,
        "标题,正文,领域\n路灯,我们这里路灯全部不亮,城建\n老师,老师体罚学生还有偿补课,教育\n"
        "停水,自来水停水三天了,教育\n别的,跳广场舞太吵,环保\n",
    )
    report = measure_csv(path, ["标题", "正文"], "领域", LABELS, understander.classifier)
    assert report.rows == 3
    assert report.accuracy == pytest.approx(2 / 3)
    assert report.confusions == {("教育", "城建"): 1}


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("正文,类\n路灯不亮,城建\n", "utf-8", "没有 领域 列"),
        ("正文,领域\n路灯不亮,环保\n", "utf-8", "没有对照表里的标签"),
        ("正文,领域\n路灯不亮,城建\n", "gbk", "无法读取"),
    ],
)
def test_a_file_that_does_not_fit_is_told(
    understander: Understander, tmp_path: Path, text: str, encoding: str, said: str
) -> None:
    path = csv_file(tmp_path, text, encoding)
    with pytest.raises(CorpusError, match=said):
        measure_csv(path, ["正文"], "领域", LABELS, understander.classifier)
