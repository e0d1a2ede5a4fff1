"""A limit: an amount of time, what it is counted in, and how its ends are counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from config.hours import Span
from models.vocabulary import Labelled, LimitUnit

#: Chinese names of the clocks: everything of an order that somebody must do in time.
CLOCK_LABELS = {
    "register": "登记时限",
    "dispatch": "派单时限",
    "supplement": "补充信息时限",
    "sign": "签收时限",
    "first_contact": "先行联系时限",
    "progress": "首次反馈时限",
    "handle": "办结时限",
    "delegate": "下派时限",
    "return_request": "申请退单时限",
    "return_decision": "退单审定时限",
    "dispute": "争议裁定时限",
    "extension_decision": "延期审批时限",
    "suspension_decision": "挂起审批时限",
    "suspension": "最长挂起时限",
    "audit": "审核时限",
    "resubmit": "退回重报时限",
    "follow_up_start": "启动回访时限",
    "follow_up": "回访时限",
    "redo_decision": "重办审批时限",
    "redo": "重办时限",
    "urge_answer": "催办答复时限",
    "supervise_3": "三级督办答复时限",
    "supervise_2": "二级督办答复时限",
    "supervise_1": "一级督办答复时限",
    "withdraw_decision": "撤单办理时限",
    "transfer_answer": "转出答复时限",
    "refusal_decision": "不予受理复核时限",
    "shelve_decision": "疑难会商时限",
    "shelve_review": "挂账复核周期",
    "archive": "归档时限",
    "reopen_request": "申请恢复办理时限",
    "exclusion_request": "申请不计入统计时限",
    "exclusion_decision": "不计入统计审定时限",
}
#: Clocks that a policy file may leave out: another rule then says how long.
OPTIONAL_CLOCKS = frozenset({"redo", "progress", "register", "transfer_answer"})


class Begin(Labelled):
    """How the start of a limit is counted."""

    #: Hours run from the moment itself; a limit in days does not count the day it starts on.
    AT_ONCE = "at_once", "当日不计"
    #: A limit in days counts the day it starts on.
    SAME_DAY = "same_day", "当日计入"
    #: What comes outside office hours counts as come when the office opens next.
    OFFICE_HOURS = "office_hours", "非办公时间收到的，视为下一办公时间收到"


class End(Labelled):
    """When the last day of a limit in days is over."""

    MIDNIGHT = "midnight", "24时"
    OFFICE_CLOSE = "office_close", "下班时"


class DayOff(Labelled):
    """What becomes of a limit in natural days that ends on a day off."""

    STAYS = "stays", "遇休息日不顺延"
    MOVES = "moves", "遇休息日顺延至下一工作日"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """An amount of time in a unit. Fractions occur only in what is left after a pause."""

    amount: float
    unit: LimitUnit
    begin: Begin = Begin.AT_ONCE
    end: End = End.MIDNIGHT
    day_off: DayOff = DayOff.STAYS
    #: Counted in the office hours of the unit that is held to it, not in the city's.
    own_hours: bool = False
    #: Those hours, once the unit is known; empty: the city's.
    hours: tuple[Span, ...] = ()

    @property
    def text(self) -> str:
        """As a person writes it: 5个工作日."""
        if self.amount == int(self.amount):
            return f"{int(self.amount)}{self.unit.label}"
        hours, minutes = divmod(round(self.amount * 60), 60)
        spelled = f"{hours}小时{minutes}分" if hours else f"{minutes}分钟"
        return f"{spelled}{'工作时间' if self.unit is LimitUnit.WH else ''}"

    def times(self, factor: int) -> Limit:
        """A multiple of it."""
        return self.of(self.amount * factor)

    def of(self, amount: float) -> Limit:
        """Another amount, counted in the same way."""
        return replace(self, amount=amount)


@dataclass(frozen=True, kw_only=True)
class Counting:
    """How limits are counted that do not say it themselves."""

    begin: Begin = Begin.AT_ONCE
    end: End = End.MIDNIGHT
    day_off: DayOff = DayOff.STAYS


class CountingRow(BaseModel):
    """``counting`` of the file: the rule for all limits in days."""

    model_config = ConfigDict(extra="forbid")

    begin: Begin = Begin.AT_ONCE
    end: End = End.MIDNIGHT
    day_off: DayOff = DayOff.STAYS


class LimitRow(BaseModel):
    """One limit of the file; what it does not say of its counting, ``counting`` says."""

    model_config = ConfigDict(extra="forbid")

    amount: int = Field(gt=0, le=10_000)
    unit: LimitUnit
    begin: Begin | None = None
    end: End | None = None
    day_off: DayOff | None = None
    #: ``unit``: of WH, the hours of the unit that is held to it.
    hours: Literal["city", "unit"] = "city"

    def limit(self, usual: Counting) -> Limit:
        """The limit it describes.

        :raises ValueError: for a way of counting that its unit does not have.
        """
        own = self.hours == "unit"
        if own and self.unit is not LimitUnit.WH:
            raise ValueError("hours: unit 只用于工作小时（WH）")
        in_days = self.unit in (LimitUnit.ND, LimitUnit.WD)
        if not in_days:
            self._check_hours()
            begin = self.begin or Begin.AT_ONCE
            return Limit(amount=self.amount, unit=self.unit, begin=begin, own_hours=own)
        natural = self.unit is LimitUnit.ND
        if self.day_off is not None and not natural:
            raise ValueError("day_off 只用于自然日（ND）")
        return Limit(
            amount=self.amount,
            unit=self.unit,
            begin=self.begin or usual.begin,
            end=self.end or usual.end,
            day_off=(self.day_off or usual.day_off) if natural else DayOff.STAYS,
        )

    def _check_hours(self) -> None:
        if self.begin is Begin.SAME_DAY or self.end is not None or self.day_off is not None:
            raise ValueError("begin: same_day、end 和 day_off 只用于以日计的时限（ND、WD）")
