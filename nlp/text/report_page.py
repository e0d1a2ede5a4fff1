"""An evaluation as one HTML page that needs nothing else: figures, curves, confusions, mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

from nlp.text.coverage import Point
from nlp.text.evaluate import Mistake, TaskReport

#: What a label means to a reader: task and code to words.
Name = Callable[[str, str], str]

_FIGURES = {
    "accuracy": "准确率",
    "top3": "前三命中",
    "macro_f1": "宏平均 F1",
    "accuracy_at_80": "最有把握的八成中的准确率",
    "calibration_error": "校准误差",
}
_ABOUT_CURVES = "只回答最有把握的那部分时，有多少是对的。横轴：回答的比例；纵轴：其中正确的比例。"
_CONFUSIONS = 20
_WIDTH, _HEIGHT, _EDGE = 460, 260, 36
_COLOURS = ("#1d5fa8", "#b3541e")
_STYLE = """
body{font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#1f2933;margin:0 auto;
max-width:980px;padding:24px 16px}
h1{font-size:22px}h2{font-size:18px;margin-top:40px;border-top:1px solid #d5dbe3;padding-top:16px}
h3{font-size:15px;margin:20px 0 6px}p.note{color:#52606d}
.scroll{overflow-x:auto}table{border-collapse:collapse;min-width:320px}
th,td{padding:4px 10px;text-align:left;border-bottom:1px solid #e4e8ee;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
svg{max-width:100%;height:auto}td.text{min-width:260px}
"""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One model and what it reached on the rows."""

    title: str
    tasks: Mapping[str, TaskReport]


def page(
    heading: str,
    remarks: Sequence[str],
    models: Sequence[Judged],
    titles: Mapping[str, str],
    name: Name,
) -> str:
    """The page. ``models``: the one judged, and perhaps the one in use beside it; ``titles``: of
    tasks.
    """
    first = models[0]
    parts = [f"<h1>{escape(heading)}</h1>", *(f'<p class="note">{escape(r)}</p>' for r in remarks)]
    for task in first.tasks:
        beside = [(one.title, one.tasks[task]) for one in models if task in one.tasks]
        parts += _task(titles.get(task, task), beside, partial(name, task))
    return _document(heading, "\n".join(parts))


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _task(
    title: str, beside: Sequence[tuple[str, TaskReport]], name: Callable[[str], str]
) -> list[str]:
    judged = beside[0][1]
    return [
        f"<h2>{escape(title)}（{judged.rows} 条）</h2>",
        _summary(beside),
        "<h3>覆盖率与准确率</h3>",
        f'<p class="note">{_ABOUT_CURVES}</p>',
        _curves([(label, report.curve) for label, report in beside]),
        "<h3>各类</h3>",
        _classes(judged, name),
        "<h3>最常混淆</h3>",
        _confusions(judged, name),
        "<h3>最有把握却判错的</h3>",
        _mistakes(judged.mistakes, name),
    ]


def _summary(beside: Sequence[tuple[str, TaskReport]]) -> str:
    rows = [
        [_FIGURES[figure], *(f"{report.summary()[figure]:.3f}" for _, report in beside)]
        for figure in _FIGURES
    ]
    return _table(["", *(label for label, _ in beside)], rows, numbers=range(1, 1 + len(beside)))


def _classes(judged: TaskReport, name: Callable[[str], str]) -> str:
    rows = [
        [name(label), *(f"{x:.3f}" for x in (one.precision, one.recall, one.f1)), str(one.support)]
        for label, one in sorted(judged.classes.items(), key=lambda item: item[1].f1)
    ]
    return _table(["类别", "精确率", "召回率", "F1", "条数"], rows, numbers=range(1, 5))


def _confusions(judged: TaskReport, name: Callable[[str], str]) -> str:
    worst = sorted(judged.confusions.items(), key=lambda item: (-item[1], item[0]))[:_CONFUSIONS]
    rows = [[name(given), name(said) or "（没有判断）", str(n)] for (given, said), n in worst]
    return _table(["人工判为", "机器判为", "次数"], rows, numbers=[2], empty="没有判错的。")


def _mistakes(mistakes: Sequence[Mistake], name: Callable[[str], str]) -> str:
    rows = [
        [one.text, name(one.given), name(one.proposed), f"{one.confidence:.2f}"] for one in mistakes
    ]
    return _table(
        ["内容", "人工判为", "机器判为", "置信度"], rows, numbers=[3], empty="没有判错的。"
    )


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int], empty: str = "—"
) -> str:
    if not rows:
        return f'<p class="note">{empty}</p>'

    def cells(tag: str, values: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{_kind(at, numbers)}>{escape(value)}</{tag}>" for at, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{cells("th", head)}</tr>{body}</table></div>'


def _kind(at: int, numbers: Sequence[int]) -> str:
    return ' class="n"' if at in numbers else ""


# --- curves --------------------------------------------------------------------------------------


def _curves(lines: Sequence[tuple[str, Sequence[Point]]]) -> str:
    """Accuracy (from the lowest tenth that is reached up to 1) over coverage (0–1)."""
    lowest = min((p.accuracy for _, points in lines for p in points), default=0.0)
    floor = int(lowest * 10) / 10 if lowest < 1 else 0.9
    drawn = [
        _line(points, floor, colour) + _legend(at, label, colour)
        for at, ((label, points), colour) in enumerate(zip(lines, _COLOURS, strict=False))
    ]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" '
        f'aria-label="覆盖率与准确率曲线">{_grid(floor)}{"".join(drawn)}</svg>'
    )


def _at(coverage: float, accuracy: float, floor: float) -> tuple[float, float]:
    x = _EDGE + coverage * (_WIDTH - 2 * _EDGE)
    y = _HEIGHT - _EDGE - (accuracy - floor) / (1 - floor) * (_HEIGHT - 2 * _EDGE)
    return round(x, 1), round(y, 1)


def _line(points: Sequence[Point], floor: float, colour: str) -> str:
    places = " ".join(f"{x},{y}" for x, y in (_at(p.coverage, p.accuracy, floor) for p in points))
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _legend(at: int, label: str, colour: str) -> str:
    y = _HEIGHT - _EDGE - 12 - 18 * at
    return f'<text x="{_EDGE + 10}" y="{y}" fill="{colour}" font-size="13">{escape(label)}</text>'


def _grid(floor: float) -> str:
    parts = []
    for step in range(5):
        accuracy = floor + (1 - floor) * step / 4
        left, y = _at(0, accuracy, floor)
        right, _ = _at(1, accuracy, floor)
        x, bottom = _at(step / 4, floor, floor)
        parts.append(f'<line x1="{left}" y1="{y}" x2="{right}" y2="{y}" stroke="#e4e8ee"/>')
        parts.append(f'<text x="2" y="{y + 4}" font-size="11">{accuracy:.0%}</text>')
        parts.append(f'<text x="{x - 12}" y="{bottom + 16}" font-size="11">{step / 4:.0%}</text>')
    return "".join(parts)
