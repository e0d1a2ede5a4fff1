"""``hotline understand --jsonl``: a public contract."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from nlp.text.jsonl import understand_jsonl
from nlp.text.understander import Understander
from tests.nlp.conftest import NOW

pytestmark = pytest.mark.unit


def run(understander: Understander, given: str) -> tuple[int, list[dict[str, Any]], str]:
    out, errors = io.StringIO(), io.StringIO()
    code = understand_jsonl(io.StringIO(given), out, understander, errors=errors, now=lambda: NOW)
    return code, [json.loads(line) for line in out.getvalue().splitlines()], errors.getvalue()


def line(**row: object) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def test_one_line_in_one_line_out(understander: Understander) -> None:
    given = line(id="a1", text="静园路一整条街的路灯都不亮，请派人来修，电话13800000127")
    code, (answer,), errors = run(understander, given)
    assert (code, errors) == (0, "")
    assert answer["id"] == "a1"
    assert answer["request_type"] in {"HELP", "COMPLAINT"}
    assert answer["request_type_label"] in {"求助", "投诉"}
    assert answer["category"] == "C010102"
    assert answer["category_path"] == ["城乡建设", "市政设施", "路灯照明"]
    assert answer["departments"][0]["code"] == "D-CG"
    assert set(answer["departments"][0]) == {"code", "name", "confidence", "reason"}
    assert answer["urgency"] == "NORMAL"
    assert answer["facts"]["place"] == "静园路"
    assert answer["facts"]["phone"] == "13800000127"
    assert answer["facts"]["title"].startswith("静园路")


def test_spans_point_into_the_text(understander: Understander) -> None:
    text = "昨天晚上立新大道的井盖不见了，我姓蒋"
    _, (answer,), _ = run(understander, line(id=1, text=text))
    assert answer["urgency"] == "URGENT"
    for span in answer["facts"]["spans"]:
        assert text[span["start"] : span["end"]] == span["text"]


def test_a_bad_line_is_told_and_the_rest_goes_on(understander: Understander) -> None:
    given = "".join(
        (
            line(id=1, text="路灯不亮"),
            "{oops\n",
            "\n",
            line(id="b"),
            line(text="没有 id"),
            line(id="c", text="   "),
            "[1, 2]\n",
            line(id=2, text="自来水是黄的"),
        )
    )
    code, answers, errors = run(understander, given)
    assert code == 1
    assert [answer.get("id") for answer in answers] == [1, None, "b", None, "c", None, 2]
    assert ["error" in answer for answer in answers] == [False, True, True, True, True, True, False]
    assert [answer["line"] for answer in answers if "error" in answer] == [2, 4, 5, 6, 7]
    assert "第 2 行：不是有效的 JSON" in errors
    assert "第 5 行：缺少 id" in errors


def test_bytes_that_are_no_utf8_spoil_one_line_only(understander: Understander) -> None:
    given = io.BytesIO(
        line(id=1, text="路灯不亮").encode("gbk") + line(id=2, text="路灯不亮").encode()
    )
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    errors = io.StringIO()
    code = understand_jsonl(
        io.TextIOWrapper(given, encoding="ascii"), out, understander, errors=errors
    )
    out.seek(0)
    first, second = (json.loads(answer) for answer in out)
    assert code == 1
    assert first["error"] == "编码不是 UTF-8"
    assert second["category"] == "C010102"


def test_half_a_surrogate_pair_can_be_written_back(understander: Understander) -> None:
    code, (answer,), _ = run(understander, '{"id": "\\ud83d", "text": "路灯不亮\\ud83d"}\n')
    assert code == 0
    assert answer["id"] == "\ud83d"


def test_nothing_in_nothing_out(understander: Understander) -> None:
    assert run(understander, "") == (0, [], "")
