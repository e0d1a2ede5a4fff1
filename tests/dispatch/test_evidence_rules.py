"""What counts as proof, as a city writes it down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.evidence import load_evidence
from models.errors import ConfigurationError
from tests.dispatch.test_rule_files import changed

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("step", "words", "enough"),
    [
        ("first_contact", "用8812345，11月20日10时拨打", True),
        ("first_contact", "13900001234 10:20 无人接听", True),
        ("first_contact", "办公座机8812345拨打", False),  # when?
        ("first_contact", "11月20日10时打过电话", False),  # from where?
        ("submit_result", "维修记录〔2026〕12号", True),
        ("submit_result", "施工合同编号HY2026-118", True),
        ("submit_result", "整改通知书第31号，存执法大队", True),
        ("submit_result", "现场照片，存市政股", False),
        ("submit_result", "解放路1234号门前", False),
        ("request_return", "三定方案第三条", True),
        ("request_return", "移交清单第12项", True),
        ("request_return", "三定方案", False),
        ("ask_exclusion", "供电公司11月20日证明", True),
        ("ask_exclusion", "供电公司证明", False),
        ("move_deadline", "市平台回执2026-1188号", True),
        ("move_deadline", "市平台已经电话同意", False),
    ],
)
def test_words_are_proof_when_somebody_could_look_them_up(
    step: str, words: str, enough: bool
) -> None:
    assert load_evidence().shown_by(step, words) == enough


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (("proof", "submit_result"), None, "缺少 submit_result"),
        (("proof", "submit_result"), [], "submit_result 至少要有一种佐证"),
        (("proof", "submit_result"), ["rumour"], r"proof\.submit_result"),
        (("proof", "sing"), ["file"], "没有 sing 这一步"),
        (("words", "clause"), None, "words 多了或缺少 clause"),
        (("words", "clause", "all"), ["("], r"words\.clause"),
    ],
)
def test_wrong_rules_of_evidence_are_named(
    tmp_path: Path, path: tuple[str, ...], to: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_evidence(changed(tmp_path, "evidence.yaml", *path, to=to))


def test_a_city_may_want_photographs_only(tmp_path: Path) -> None:
    own = load_evidence(changed(tmp_path, "evidence.yaml", "proof", "submit_result", to=["file"]))
    assert not own.shown_by("submit_result", "维修记录〔2026〕12号")
    assert own.ask("submit_result") == "请上传材料"
