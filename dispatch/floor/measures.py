"""The dictionary of the floor's figures: what each counts, and what that means in words.

A count is a condition on a call (:mod:`dispatch.floor.call_facts`): the same condition counts the
calls and finds them again when the number is opened. What is made of counts: :mod:`.rates`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import CTE, ColumnElement, and_, not_, or_

from config.figures import FigureRules
from dispatch.floor.call_facts import MICRO, instant
from models.vocabulary import CallbackState, ContactOutcome, Satisfaction

By: TypeAlias = Literal["half_hour", "day", "agent", "queue"]
Unit: TypeAlias = Literal["count", "share", "seconds"]

CALLS: tuple[By, ...] = ("half_hour", "day", "queue")
ALL: tuple[By, ...] = (*CALLS, "agent")
_ABANDONED = (
    ContactOutcome.ABANDONED_GREETING,
    ContactOutcome.ABANDONED_RINGING,
    ContactOutcome.ABANDONED_QUEUE,
)
_GOOD = (Satisfaction.VERY_SATISFIED, Satisfaction.SATISFIED)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What conditions look at."""

    cte: CTE
    rules: FigureRules
    now: datetime

    def __getattr__(self, name: str) -> ColumnElement[Any]:
        column: ColumnElement[Any] = self.cte.c[name]
        return column

    def ended(self, *outcomes: ContactOutcome) -> ColumnElement[bool]:
        """Not answered, and ended so."""
        return and_(not_(self.answered), self.outcome.in_(outcomes))


Condition: TypeAlias = Callable[[Facts], ColumnElement[bool]]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure: code, label, and its definition; ``rows``: in which tables it is shown."""

    code: str
    label: str
    words: str
    rows: tuple[By, ...] = CALLS


@dataclass(frozen=True, kw_only=True)
class Count(Figure):
    """Calls that meet a condition. ``shown`` False: only a part of other figures."""

    holds: Condition
    shown: bool = True


def _offered(f: Facts) -> ColumnElement[bool]:
    return f.outcome != ContactOutcome.BLOCKED


def _answered(f: Facts) -> ColumnElement[bool]:
    return and_(_offered(f), f.answered)


def _abandoned(f: Facts) -> ColumnElement[bool]:
    return f.ended(*_ABANDONED)


def _short(f: Facts) -> ColumnElement[bool]:
    return and_(_abandoned(f), f.lasted_us < int(f.rules.short_seconds * MICRO))


def _in_time(f: Facts) -> ColumnElement[bool]:
    # Who was picked up before queueing did not wait at all.
    no_wait = or_(f.wait_us.is_(None), f.wait_us <= int(f.rules.service_seconds * MICRO))
    return and_(_answered(f), no_wait)


def _callback(f: Facts) -> ColumnElement[bool]:
    return and_(f.callback_state.is_not(None), f.callback_state != CallbackState.CANCELLED)


def _callback_decided(f: Facts) -> ColumnElement[bool]:
    return and_(_callback(f), or_(f.callback_done.is_not(None), f.callback_due < instant(f.now)))


def _failed(f: Facts) -> ColumnElement[bool]:
    known = (
        *_ABANDONED,
        ContactOutcome.SELF_SERVED,
        ContactOutcome.CALLBACK_BOOKED,
        ContactOutcome.VOICEMAIL_LEFT,
        ContactOutcome.IN_PROGRESS,
        ContactOutcome.BLOCKED,
    )
    return and_(not_(f.answered), f.outcome.not_in(known))


def counts(rules: FigureRules) -> tuple[Count, ...]:
    """All counts. Answered … running add up to offered: every call is in exactly one of them."""
    short, soon = f"{rules.short_seconds:g}秒", f"{rules.service_seconds:g}秒"
    again = f"{rules.repeat_hours:g}小时"
    outcome = ContactOutcome
    return (
        Count(
            code="offered",
            label="呼入量",
            words="期内开始的市民来电数，不含名单拦截；按来电开始时刻归入时段",
            holds=_offered,
        ),
        Count(
            code="answered",
            label="接听量",
            words="由坐席接听的来电数。转接的来电在总数、时段和队列中只计一次，归入最后排队的队列；"
            "按坐席统计时，与来电人通话过的每名坐席各计一次，因此各坐席之和可大于总数",
            holds=_answered,
            rows=ALL,
        ),
        Count(
            code="abandoned",
            label="放弃量",
            words="接听前来电人挂断的来电数＝播报中放弃＋排队中放弃＋振铃中放弃",
            holds=_abandoned,
        ),
        Count(
            code="abandoned_greeting",
            label="播报中放弃",
            words="听欢迎语或录音告知时挂断，或拨打自助查询号码、没有查到工单也没有排队就挂断的来电数",
            holds=lambda f: f.ended(outcome.ABANDONED_GREETING),
        ),
        Count(
            code="abandoned_queue",
            label="排队中放弃",
            words="排队等候时挂断的来电数",
            holds=lambda f: f.ended(outcome.ABANDONED_QUEUE),
        ),
        Count(
            code="abandoned_ringing",
            label="振铃中放弃",
            words="坐席话机振铃时挂断的来电数",
            holds=lambda f: f.ended(outcome.ABANDONED_RINGING),
        ),
        Count(
            code="short",
            label="速挂",
            words=f"放弃的来电中，从接通热线到挂断不足{short}的来电数；包含在放弃量内",
            holds=_short,
        ),
        Count(
            code="self_served",
            label="自助办理",
            words="通过电话自助查询听到工单进度、没有转人工的来电数",
            holds=lambda f: f.ended(outcome.SELF_SERVED),
        ),
        Count(
            code="booked",
            label="预约回拨",
            words="排队时按键预约回拨后挂断的来电数",
            holds=lambda f: f.ended(outcome.CALLBACK_BOOKED),
        ),
        Count(
            code="voicemail",
            label="语音留言",
            words="没有等到坐席、留下语音留言的来电数，含系统恢复期间的应急留言",
            holds=lambda f: f.ended(outcome.VOICEMAIL_LEFT),
        ),
        Count(
            code="failed",
            label="系统原因中断",
            words="因系统或线路故障未能接听的来电数，含系统恢复期间只听到应急播报、未留言的",
            holds=_failed,
        ),
        Count(
            code="running",
            label="正在呼入",
            words="尚未接听、也未结束的来电数（统计时刻）",
            holds=lambda f: f.ended(outcome.IN_PROGRESS),
        ),
        Count(
            code="blocked",
            label="名单拦截",
            words="骚扰号码名单拦截的来电数，不计入呼入量",
            holds=lambda f: f.outcome == outcome.BLOCKED,
        ),
        Count(
            code="queued",
            label="排队量",
            words="进入排队的来电数",
            holds=lambda f: and_(_offered(f), f.wait_us.is_not(None)),
            shown=False,
        ),
        Count(
            code="in_time",
            label=f"{soon}内接听",
            words=f"进入排队后{soon}以内（含）接听的来电数",
            holds=_in_time,
            shown=False,
        ),
        Count(
            code="answered_queued",
            label="排队后接听",
            words="经排队接听的来电数",
            holds=lambda f: and_(_answered(f), f.wait_us.is_not(None)),
            shown=False,
        ),
        Count(
            code="abandoned_waited",
            label="等候后放弃",
            words="进入排队以后放弃的来电数",
            holds=lambda f: and_(_abandoned(f), f.wait_us.is_not(None)),
            shown=False,
        ),
        Count(
            code="transferred",
            label="转接量",
            words="接听后至少转接过一次的来电数；按坐席统计时，为该坐席转出的来电数",
            holds=lambda f: and_(_answered(f), f.transfers > 0),
            rows=ALL,
        ),
        Count(
            code="again",
            label="重复来电",
            words=f"同一号码在此前{again}内已经来过电的来电数；不显示号码的不计",
            holds=lambda f: and_(_offered(f), f.again),
        ),
        Count(
            code="asked",
            label="邀评量",
            words="通话后已邀请来电人评价的来电数；按坐席统计时归最后服务的坐席",
            holds=lambda f: and_(_answered(f), f.asked),
            rows=ALL,
        ),
        Count(
            code="rated",
            label="参评量",
            words="来电人按键评价的来电数；按坐席统计时归最后服务的坐席",
            holds=lambda f: and_(_answered(f), f.satisfaction.is_not(None)),
            rows=ALL,
        ),
        Count(
            code="satisfied",
            label="满意量",
            words="评价为“非常满意”或“满意”的来电数",
            holds=lambda f: and_(_answered(f), f.satisfaction.in_(_GOOD)),
            rows=ALL,
            shown=False,
        ),
        Count(
            code="callbacks",
            label="应回拨",
            words="期内来电产生的回拨任务数（预约、放弃、留言、中断），不含已取消",
            holds=_callback,
        ),
        Count(
            code="callbacks_decided",
            label="已了结或到时限的回拨",
            words="回拨任务中已了结或已到时限的件数",
            holds=_callback_decided,
            shown=False,
        ),
        Count(
            code="callbacks_in_time",
            label="按时回拨",
            words="时限内了结（已回拨、来电人已再次来电或按规定次数呼叫未接通）的回拨任务数",
            holds=lambda f: and_(_callback(f), f.callback_done <= f.callback_due),
            shown=False,
        ),
    )


def by_code(figures: Sequence[Count]) -> dict[str, Count]:
    """For look-up."""
    return {figure.code: figure for figure in figures}
