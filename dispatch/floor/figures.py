"""The floor's figures of a period: tables whose every number can be opened to its calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.commands import invalid
from dispatch.floor.call_facts import Rows, Span
from dispatch.floor.cell_names import agents_of, opened_figure
from dispatch.floor.cells import Cell, unknown_cell
from dispatch.floor.counting import Chosen, Counting, Groups
from dispatch.floor.expected import OfferedPast, slot_of
from dispatch.floor.forecast import Accuracy, Counts, Forecaster
from dispatch.floor.measures import By
from dispatch.floor.sheet import FigureColumn, FigureRow, Sheet
from dispatch.reports.facts import Period
from dispatch.reports.opened import OpenedFigure
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import Forbidden
from models.guards import Actor
from models.store import Store
from models.tables import Staff

PERMISSION = "floor.figures"
#: A table of half hours is no longer than this.
MOST_DAYS_BY_HALF_HOUR = 7


class FigureTable(BaseModel):
    """The figures of a period."""

    first: date
    last: date
    by: By
    queue: str
    agent: str
    made_at: datetime
    rule_version: str
    columns: list[FigureColumn]
    rows: list[FigureRow]
    total: FigureRow
    #: How good forecasts of the last weeks were; None for tables without them.
    accuracy: dict[str, float] | None
    notes: list[str]


class FloorFigures:
    """Counts, and opens what was counted."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: Rules,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._past = OfferedPast(rules.zone)

    async def table(
        self,
        actor: Actor,
        first: date,
        last: date,
        by: By,
        chosen: Chosen = Chosen(),  # noqa: B008 - frozen
    ) -> FigureTable:
        """The figures of local days ``first`` to ``last``.

        :raises Forbidden: for a reader without the permission.
        :raises InvalidInput: for a period that is none, or too long.
        """
        require_figures(self._rules, actor)
        period = Period(first=first, last=last, zone=self._rules.zone)
        if by == "half_hour" and (last - first).days >= MOST_DAYS_BY_HALF_HOUR:
            text = f"按半小时统计时，期间不能超过{MOST_DAYS_BY_HALF_HOUR}天"
            raise invalid([{"field": "to", "message": text}])
        async with self._store.read() as session, self._store.read() as beside:
            return await self._table(session, beside, period, by, chosen)

    def opened(self, actor: Actor, first: date, last: date, cell: str) -> Rows:
        """Ids of the calls behind a number of such a table.

        :raises Forbidden: for a reader without the permission.
        :raises NotFound: there is no such number.
        """
        require_figures(self._rules, actor)
        period = Period(first=first, last=last, zone=self._rules.zone)
        return Cell.parse(cell).ids(self._span(period), self._rules.figures)

    async def name_of(self, cell: str, figure: str) -> OpenedFigure:
        """What such a number is, for the page of its calls.

        :param figure: code of the column that was opened.
        :raises NotFound: there is no such number.
        """
        found = Cell.parse(cell)
        async with self._store.read() as session:
            people = await _names(session, agents_of(found))
        try:
            return opened_figure(found, figure, self._rules, people)
        except (KeyError, ValueError, OverflowError, OSError):
            raise unknown_cell(cell) from None

    def _span(self, period: Period) -> Span:
        return Span(start=period.start, end=period.end, now=self._clock.now())

    async def _table(
        self,
        session: AsyncSession,
        beside: AsyncSession,
        period: Period,
        by: By,
        chosen: Chosen,
    ) -> FigureTable:
        span = self._span(period)
        counting = Counting(span, self._rules.figures, chosen)
        found = await counting.groups(session, beside, by)
        whole = await counting.whole(beside, by, found)
        sheet = Sheet(self._rules, period, by, chosen)
        names = await _names(session, list(found)) if by == "agent" else {}
        rows = await asyncio.to_thread(self._rows, sheet, found, span, names)
        accuracy = None
        if by in ("half_hour", "day") and not chosen.queue and not chosen.agent:
            history = await self._history(session, period)
            accuracy = await asyncio.to_thread(self._foresee, history, rows, period, by)
        return FigureTable(
            first=period.first,
            last=period.last,
            by=by,
            queue=chosen.queue,
            agent=chosen.agent,
            made_at=span.now,
            rule_version=self._rules.figures.version,
            columns=sheet.columns(),
            rows=rows,
            total=sheet.total(whole),
            accuracy=accuracy,
            notes=notes(self._rules),
        )

    def _rows(
        self, sheet: Sheet, found: Groups, span: Span, names: dict[str, str]
    ) -> list[FigureRow]:
        if sheet.by == "agent":
            return sheet.agents(found, names)
        if sheet.by == "queue":
            return sheet.queues(
                found, {code: queue.name for code, queue in self._rules.queues.queues.items()}
            )
        return sheet.times(found, span)

    def _known_before(self, period: Period) -> date:
        return min(period.last, self._clock.now().astimezone(self._rules.zone).date())

    async def _history(self, session: AsyncSession, period: Period) -> Mapping[date, Counts]:
        rules = self._rules.figures.forecast
        weeks = timedelta(weeks=rules.weeks + rules.back_test_weeks + 1)
        today = self._clock.now().astimezone(self._rules.zone).date()
        before = self._known_before(period)
        return await self._past.days(session, period.first - weeks, before, today)

    def _foresee(
        self, history: Mapping[date, Counts], rows: list[FigureRow], period: Period, by: By
    ) -> dict[str, float] | None:
        """Set each row's forecast, as known before its day; returns how good forecasts were."""
        zone = self._rules.zone
        forecaster = Forecaster(history, self._rules.calendar, self._rules.figures.forecast)
        days: dict[date, Counts | None] = {}
        for row in rows:
            assert row.start is not None
            local = row.start.astimezone(zone)
            if local.date() not in days:
                days[local.date()] = forecaster.day(local.date())
            counts_ = days[local.date()]
            if counts_ is not None:
                first = 0 if by == "day" else slot_of(local)
                last = len(counts_) if by == "day" else first + 2
                row.forecast = round(float(counts_[first:last].sum()), 2)
        accuracy = forecaster.accuracy(self._known_before(period))
        return accuracy_values(accuracy) if accuracy else None


def notes(rules: Rules) -> list[str]:
    """What a reader must know to read the numbers rightly."""
    return [
        "时段为左闭右开：09:00至09:30包含09:00:00整，不含09:30:00整；跨零点的来电归入开始的那一天。",
        "呼入量＝接听量＋放弃量＋自助办理＋预约回拨＋语音留言＋系统原因中断＋正在呼入，各项互不重复。",
        "各半小时之和等于当日，各队列之和等于合计；按坐席统计的接听量因转接可大于合计。",
        f"{rules.figures.service_seconds:g}秒接通率有两种口径：按接听量计算，以及按剔除速挂后的呼入量计算，"
        "并列显示。",
        "占用率、利用率按坐席台账在时段内的时长计算，与来电归属的时段可能不同；坐席同时服务多个队列，"
        "因此按队列统计时不显示。",
        "预计呼入量根据当日以前的同类日（同星期、节假日、调休上班日）推算，不使用当日数据。",
    ]


def accuracy_values(accuracy: Accuracy) -> dict[str, float]:
    """For the page."""
    return {
        "days": accuracy.days,
        "wape": accuracy.wape,
        "naive_wape": accuracy.naive_wape,
        "day_mape": accuracy.day_mape,
        "naive_day_mape": accuracy.naive_day_mape,
    }


def require_figures(rules: Rules, actor: Actor) -> None:
    """Refuse who may not read the floor's figures.

    :raises Forbidden: naming the posts that may.
    """
    if PERMISSION not in rules.permissions.of(actor.usable_roles):
        holders = rules.permissions.holders(PERMISSION)
        raise Forbidden(f"话务报表只对{'、'.join(role.label for role in holders)}开放")


async def _names(session: AsyncSession, ids: list[str]) -> dict[str, str]:
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    return {staff_id: name for staff_id, name in rows}
