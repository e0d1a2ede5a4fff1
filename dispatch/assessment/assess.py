"""From facts to a score with a sentence for every point. Pure: no clock, no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from config.scoring import FULL, ClosureParts, Part, ScoringRules
from dispatch.assessment.contact import NoContact
from dispatch.assessment.facts import ClosureFacts
from dispatch.due_words import due_text
from models.vocabulary import Labelled

#: What an auditor's answer-quality sheet and process sheet add up to.
QUALITY_FULL = 100.0
PROCESS_FULL = 10.0


@dataclass(frozen=True, kw_only=True)
class PartScore:
    """One part. ``points`` None: it does not apply and the others count for it."""

    code: str
    label: str
    points: float | None
    full: float
    sentence: str


@dataclass(frozen=True, kw_only=True)
class DeductionScore:
    """Points off for something that happened."""

    code: str
    label: str
    count: int
    points: float
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Score:
    """A closure score, 0–100 with one decimal, and why."""

    score: float
    rule_version: str
    parts: tuple[PartScore, ...]
    deductions: tuple[DeductionScore, ...]
    #: Offences that make the score 0, in words.
    offences: tuple[str, ...]
    #: Sentences from the parts to the sum, to be read from top to bottom.
    explanation: tuple[str, ...]
    input_hash: str

    def to_json(self) -> dict[str, Any]:
        """As stored and shown."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class _Scene:
    facts: ClosureFacts
    rules: ScoringRules
    zone: ZoneInfo

    @property
    def parts(self) -> ClosureParts:
        return self.rules.closure.parts

    def moment(self, instant: datetime) -> str:
        """Month, day and time on the city's clock."""
        return due_text(instant.astimezone(self.zone))


#: None: a score of before the reason was kept.
_WHY_NO_CONTACT = {
    None: "诉求人没有可供单位联系的电话",
    NoContact.NO_NUMBER: "诉求人没有留可供联系的电话",
    NoContact.CONFIDENTIAL: "保密工单，不向承办单位提供诉求人的联系方式",
    NoContact.TRIED: "单位已按规定多次拨打未联系上诉求人，不再要求先行联系",
}
#: Points and sentence of one part; points None where it does not apply.
_Verdict = tuple[float | None, str]


def assess(facts: ClosureFacts, rules: ScoringRules, zone: ZoneInfo) -> Score:
    """Score one closed order. ``zone`` is used in sentences only."""
    scene = _Scene(facts=facts, rules=rules, zone=zone)
    parts = tuple(_part(name, judge, scene) for name, judge in _JUDGES.items())
    deductions = _deductions(scene)
    offences = tuple(rules.closure.zero[code] for code in facts.offences)
    got = sum(part.points for part in parts if part.points is not None)
    applicable = sum(part.full for part in parts if part.points is not None)
    base = got / applicable * FULL
    off = sum(item.points for item in deductions)
    score = 0.0 if offences else one_decimal(min(max(base - off, 0.0), FULL))
    return Score(
        score=score,
        rule_version=rules.version,
        parts=parts,
        deductions=deductions,
        offences=offences,
        explanation=(
            *(part.sentence for part in parts),
            _sum_sentence(got, applicable, base),
            *(item.sentence for item in deductions),
            *(f"查实“{text}”，评估分记为0分。" for text in offences),
            f"办结评估分为{score:g}分。",
        ),
        input_hash=facts.digest(rules.version),
    )


def one_decimal(value: float) -> float:
    """Rounded half up, as people round. A tenth of a millionth of float noise is taken off first.

    (``round`` of Python rounds half to even, and 89.35 may be stored as 89.349999….)
    """
    exact = Decimal(repr(round(value, 7)))
    return float(exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))


def _part(name: str, judge: Callable[[_Scene], _Verdict], scene: _Scene) -> PartScore:
    rule: Part = getattr(scene.parts, name)
    points, why = judge(scene)
    if points is None:
        sentence = f"{rule.label}：{why}，不计分，其余各项按比例折算。"
    else:
        points = round(points, 4)
        sentence = f"{rule.label}：{why}，得{_number(points)}分（满分{rule.points:g}分）。"
    return PartScore(
        code=name, label=rule.label, points=points, full=rule.points, sentence=sentence
    )


def _sign(scene: _Scene) -> _Verdict:
    facts, rule = scene.facts, scene.parts.sign
    if facts.signed_at is None:
        return 0.0, "单位没有签收"
    signed, due = scene.moment(facts.signed_at), scene.moment(facts.sign_due)
    if facts.signed_at <= facts.sign_due:
        return rule.points, f"{signed}签收，时限为{due}，在时限内"
    if facts.signed_at <= facts.sign_due_twice:
        return rule.within_double, f"{signed}签收，时限为{due}，超时但未超过时限的两倍"
    return 0.0, f"{signed}签收，时限为{due}，超过时限的两倍"


def _first_contact(scene: _Scene) -> _Verdict:
    facts, rule = scene.facts, scene.parts.first_contact
    if not facts.contact_applies:
        return None, _WHY_NO_CONTACT[facts.why_no_contact]
    due = scene.moment(facts.first_contact_due)
    if facts.first_contacted_at is None and facts.contact_tried_at is not None:
        tried = scene.moment(facts.contact_tried_at)
        return rule.late, f"{tried}才拨满规定次数仍未联系上诉求人，时限为{due}，按超时联系计"
    if facts.first_contacted_at is None:
        return 0.0, f"没有与诉求人先行联系上的记录，时限为{due}"
    reached = scene.moment(facts.first_contacted_at)
    if facts.first_contacted_at <= facts.first_contact_due:
        return rule.points, f"{reached}联系上诉求人，时限为{due}，在时限内"
    return rule.late, f"{reached}联系上诉求人，时限为{due}，已超时"


def _on_time(scene: _Scene) -> _Verdict:
    facts, rule = scene.facts, scene.parts.on_time
    times = f"{scene.moment(facts.submitted_at)}反馈结果，时限为{scene.moment(facts.due_at)}"
    if facts.late_units == 0:
        return rule.points, f"{times}，在时限内"
    per = rule.per_hour_late if facts.by_hour else rule.per_working_day_late
    unit = "小时" if facts.by_hour else "个工作日"
    points = max(0.0, rule.points - per * facts.late_units)
    return points, f"{times}，超期{facts.late_units}{unit}（不足一的按一计），每{unit}扣{per:g}分"


def _process(scene: _Scene) -> _Verdict:
    mark = scene.facts.process
    if mark is None:
        return None, "审核时没有评办理过程"
    points = scene.parts.process.points * mark / PROCESS_FULL
    return points, f"审核员评{_number(mark)}分（{PROCESS_FULL:g}分制）"


def _quality(scene: _Scene) -> _Verdict:
    mark = scene.facts.quality
    if mark is None:
        return None, "审核时没有评答复质量"
    points = scene.parts.quality.points * mark / QUALITY_FULL
    return points, f"审核员评{_number(mark)}分（{QUALITY_FULL:g}分制）"


def _solved(scene: _Scene) -> _Verdict:
    said, rule = scene.facts.solved, scene.parts.solved
    if said is None:
        return None, "没有取得诉求人的回访意见"
    return rule.by[said], f"诉求人表示{said.label}"


def _satisfaction(scene: _Scene) -> _Verdict:
    grade = scene.facts.satisfaction
    if grade is None:
        return None, "没有取得诉求人的回访意见"
    value = scene.rules.satisfaction_values[grade]
    points = scene.parts.satisfaction.points * value
    return points, f"诉求人评价{_quoted(grade)}，折算系数{value:g}"


_JUDGES: dict[str, Callable[[_Scene], _Verdict]] = {
    "sign": _sign,
    "first_contact": _first_contact,
    "on_time": _on_time,
    "process": _process,
    "quality": _quality,
    "solved": _solved,
    "satisfaction": _satisfaction,
}


def _deductions(scene: _Scene) -> tuple[DeductionScore, ...]:
    found = []
    for code, rule in scene.rules.closure.deductions.items():
        count = scene.facts.counts.get(code, 0)
        if count == 0:
            continue
        points = rule.points(count)
        cap = f"（最多扣{rule.cap:g}分）" if rule.cap is not None else ""
        sentence = f"{rule.label}{count}次，扣{_number(points)}分{cap}。"
        found.append(
            DeductionScore(
                code=code, label=rule.label, count=count, points=points, sentence=sentence
            )
        )
    return tuple(found)


def _sum_sentence(got: float, applicable: float, base: float) -> str:
    if applicable == FULL:
        return f"各项合计{_number(got)}分。"
    return (
        f"计分各项满分合计{applicable:g}分，实得{_number(got)}分，"
        f"折算为百分制：{_number(got)}÷{applicable:g}×{FULL}＝{_number(base)}分。"
    )


def _number(value: float) -> str:
    return f"{round(value, 2):g}"


def _quoted(word: Labelled) -> str:
    return f"“{word.label}”"
