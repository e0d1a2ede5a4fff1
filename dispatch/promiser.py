"""Making promises, and making them anew after a pause, an extension, a better calendar."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

from config.hours import Span
from config.limits import Begin, Limit
from config.policies import Policy
from config.service_levels import LightRule, RedoRule
from dispatch.clocks import Counter, Due
from dispatch.due_words import explain_due, moment_text
from dispatch.promises import Promise, Source
from models.vocabulary import LimitUnit

_IN_DAYS = (LimitUnit.WD, LimitUnit.ND)
_ONE = {
    LimitUnit.NM: timedelta(minutes=1),
    LimitUnit.NH: timedelta(hours=1),
    LimitUnit.WH: timedelta(hours=1),
    LimitUnit.ND: timedelta(days=1),
    LimitUnit.WD: timedelta(days=1),
}


class Promiser:
    """Makes promises by one policy version on one calendar."""

    def __init__(self, counter: Counter, lights: LightRule, policy_version: str) -> None:
        self._counter = counter
        self._lights = lights
        self._version = policy_version

    def make(self, name: str, start: datetime, limit: Limit, policy: Policy) -> Promise:
        """The promise that ``limit`` gives when its clock starts at ``start``."""
        if (own := self._in(limit.hours)) is not self:
            return own.make(name, start, limit, policy)
        due = self._counter.due(start, limit)
        law = f"（{policy.statutory}）" if policy.statutory else ""
        words = f"按“{policy.name}”{law}{explain_due(due, self._counter)}"
        promise = self._bare(name, start, limit, words)
        promise = replace(promise, policy=policy.code, due=due.at, provisional=due.provisional)
        return self._lit(promise)

    def external(
        self, name: str, start: datetime, due: datetime, limit: Limit, policy: Policy
    ) -> Promise:
        """The deadline that another system has set. ``limit``: what would have counted without it.

        It is kept even when it has passed already: the order came in late.
        """
        local = self._counter.local
        words = f"按上级平台规定，至{moment_text(local(due))}止。"
        amount = self._counter.effective(start, due, limit.unit) / _ONE[limit.unit]
        promise = self._bare(name, start, Limit(amount=amount, unit=limit.unit), words)
        promise = replace(promise, policy=policy.code, due=due, source=Source.EXTERNAL)
        return self._lit(promise)

    def before(
        self,
        promise: Promise,
        start: datetime,
        share: float,
        *,
        name: str | None = None,
        whose: str = "上级任务",
    ) -> Promise:
        """A promise that is kept before another one, so that time is left to finish that.

        Due when ``share`` of the effective time from ``start`` to ``promise.due`` is left. The
        other one already overdue: due with it.
        """
        if (own := self._in(promise.hours)) is not self:
            return own.before(promise, start, share, name=name, whose=whose)
        left = self._counter.effective(start, promise.due, promise.unit)
        due = self._counter.back(promise.due, left * share, promise.unit)
        due = _on_the_minute(max(min(due, promise.due), min(start, promise.due)), promise.due)
        local = self._counter.local
        words = (
            f"{whose}至{moment_text(local(promise.due))}止，为其预留{share:.0%}的时间，"
            f"至{moment_text(local(due))}止。"
        )
        amount = self._counter.effective(start, due, promise.unit) / _ONE[promise.unit]
        limit = Limit(amount=amount, unit=promise.unit)
        made = self._bare(name or promise.name, start, limit, words)
        made = replace(
            made,
            due=due,
            policy=promise.policy,
            provisional=promise.provisional,
            source=Source.WITHIN,
        )
        return self._lit(made)

    def resumed(self, promise: Promise, suspended_at: datetime, resumed_at: datetime) -> Promise:
        """The promise after a pause: what was left at its start, counted anew from its end.

        In days, the day on which the pause began is not used up. Never earlier than before. One
        that was overdue when the pause began stays so, and another system's deadline stays as well.
        """
        if (own := self._in(promise.hours)) is not self:
            return own.resumed(promise, suspended_at, resumed_at)
        if suspended_at > promise.due or promise.source is Source.EXTERNAL:
            return promise
        if promise.source is Source.WITHIN:
            return self._moved_on(promise, suspended_at, resumed_at)
        rest = self._rest(promise, suspended_at)
        due = self._counter.due(resumed_at, rest)
        local = self._counter.local
        words = (
            f"原至{moment_text(local(promise.due))}止，{moment_text(local(suspended_at))}起暂停，"
            f"剩余{rest.text}；恢复后{explain_due(due, self._counter)}"
        )
        made = replace(
            promise,
            start=resumed_at,
            amount=rest.amount,
            unit=rest.unit,
            whole=_in_unit(promise.whole_amount, promise.unit, rest.unit),
        )
        return self._later(promise, made, due, words)

    def extended(self, promise: Promise, added: Limit) -> Promise:
        """The promise with more time, counted from its old end on.

        Another system's deadline is not ours to extend: it stays.
        """
        if (own := self._in(promise.hours)) is not self:
            return own.extended(promise, added)
        if promise.source is Source.EXTERNAL:
            return promise
        local = self._counter.local
        same_way = promise.source is Source.COUNTED and added.unit is promise.unit
        if same_way:
            limit = promise.limit.of(promise.amount + added.amount)
            due = self._counter.due(promise.start, limit)
            made = replace(promise, amount=limit.amount, whole=promise.whole_amount + added.amount)
        else:
            due = self._counter.due(promise.due, added)
            made = replace(_counted(promise, added), start=promise.due)
        words = (
            f"原至{moment_text(local(promise.due))}止，经批准延长{added.text}："
            f"{explain_due(due, self._counter)}"
        )
        return self._later(promise, made, due, words)

    def recounted(self, promise: Promise) -> Promise:
        """The promise on the calendar as it now is: the later of the two ends.

        What was not counted stays as it is, and what the calendar does not change as well.
        """
        if (own := self._in(promise.hours)) is not self:
            return own.recounted(promise)
        if promise.source is not Source.COUNTED or not self._is_behind(promise):
            return promise
        due = self._counter.due(promise.start, promise.limit)
        if due.at <= promise.due and not promise.provisional:
            return promise
        before = moment_text(self._counter.local(promise.due))
        result = "结果不变" if due.at == promise.due else f"原至{before}止"
        words = f"工作日历更新后重新计算，{result}：{explain_due(due, self._counter)}"
        made = replace(promise, calendar_version=self._counter.calendar.edition, provisional=False)
        return self._later(made, made, due, words)

    # --- inside ---------------------------------------------------------------------------------

    def _in(self, hours: tuple[Span, ...]) -> Promiser:
        """One that counts in these office hours."""
        counter = self._counter.in_hours(hours)
        if counter is self._counter:
            return self
        return Promiser(counter, self._lights, self._version)

    def _bare(self, name: str, start: datetime, limit: Limit, words: str) -> Promise:
        """Not yet due and lit."""
        return Promise(
            name=name,
            amount=limit.amount,
            unit=limit.unit,
            begin=limit.begin,
            end=limit.end,
            day_off=limit.day_off,
            start=start,
            due=start,
            yellow_at=start,
            orange_at=start,
            provisional=False,
            policy="",
            policy_version=self._version,
            calendar_version=self._counter.calendar.edition,
            explanation=words,
            hours=self._counter.hours,
        )

    def _is_behind(self, promise: Promise) -> bool:
        return promise.calendar_version != self._counter.calendar.edition

    def _later(self, before: Promise, made: Promise, due: Due, words: str) -> Promise:
        """The new promise, unless the old one ends later."""
        at = max(before.due, due.at)
        if due.at < before.due:
            words += f"已承诺的时限不缩短，仍至{moment_text(self._counter.local(before.due))}止。"
        provisional = due.provisional or (before.provisional and at == before.due)
        return self._lit(replace(made, due=at, provisional=provisional, explanation=words))

    def _moved_on(self, promise: Promise, suspended_at: datetime, resumed_at: datetime) -> Promise:
        """As much effective time as was left, from the end of the pause on."""
        left = self._counter.effective(suspended_at, promise.due, promise.unit)
        due = max(promise.due, self._counter.forward(resumed_at, left, promise.unit))
        local = self._counter.local
        words = (
            f"原至{moment_text(local(promise.due))}止，{moment_text(local(suspended_at))}起暂停，"
            f"{moment_text(local(resumed_at))}恢复，相应顺延至{moment_text(local(due))}止。"
        )
        return self._lit(replace(promise, due=due, explanation=words))

    def _rest(self, promise: Promise, suspended_at: datetime) -> Limit:
        """What is left of the limit; in days, whole days with the one of the pause."""
        limit = promise.limit
        if promise.unit not in _IN_DAYS:
            left = self._counter.effective(suspended_at, promise.due, promise.unit)
            minutes = math.ceil(left / timedelta(minutes=1))
            if promise.unit is LimitUnit.WH:
                return limit.of(minutes / 60)
            return Limit(amount=minutes, unit=LimitUnit.NM, begin=limit.begin)
        first, last = self._counter.day(suspended_at), self._counter.day(promise.due)
        if promise.begin is Begin.SAME_DAY or first > self._counter.day(promise.start):
            first -= timedelta(days=1)
        if promise.unit is LimitUnit.ND:
            return limit.of((last - first).days)
        return limit.of(self._counter.calendar.working_days_after(first, last))

    def _lit(self, promise: Promise) -> Promise:
        """With the times at which its lights turn."""
        yellow = self._share_left(promise, self._lights.yellow_share)
        orange = self._share_left(promise, self._lights.orange_share)
        if promise.unit is LimitUnit.WD:
            days = timedelta(days=self._lights.yellow_working_days)
            hours = timedelta(hours=self._lights.orange_working_hours)
            yellow = min(yellow, self._counter.back(promise.due, days, LimitUnit.WD))
            orange = min(orange, self._counter.back(promise.due, hours, LimitUnit.WH))
        first = min(promise.start, promise.due)
        return replace(promise, yellow_at=max(first, yellow), orange_at=max(first, orange))

    def _share_left(self, promise: Promise, share: float) -> datetime:
        """When only ``share`` of the limit is left, in the time the limit itself counts in."""
        if promise.unit is LimitUnit.ND and promise.whole is None:
            return promise.due - (promise.due - promise.start) * share
        amount = promise.whole_amount * share * _ONE[promise.unit]
        return self._counter.back(promise.due, amount, promise.unit)


def redo_limit(limit: Limit, rule: RedoRule) -> Limit:
    """The handling limit of a redo: a share of the first one, rounded up."""
    amount = math.ceil(limit.amount * rule.share)
    if limit.unit is LimitUnit.WD:
        amount = max(amount, rule.least_working_days)
    return limit.of(amount)


def _in_unit(amount: float, unit: LimitUnit, wanted: LimitUnit) -> float:
    return amount if unit is wanted else amount * (_ONE[unit] / _ONE[wanted])


def _counted(promise: Promise, limit: Limit) -> Promise:
    """The promise as one that counts ``limit``; its lights take shares of that."""
    return replace(
        promise,
        amount=limit.amount,
        unit=limit.unit,
        begin=limit.begin,
        end=limit.end,
        day_off=limit.day_off,
        source=Source.COUNTED,
        whole=None,
    )


def _on_the_minute(due: datetime, latest: datetime) -> datetime:
    """No seconds in a time that people read; the end of a day is a microsecond short of one."""
    minute = (due + timedelta(seconds=1)).replace(second=0, microsecond=0)
    return due if due == latest else min(minute, latest)
