"""Surge mode: started by hand or by the system, lasting until a person ends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.floor.incident_order import check_template
from dispatch.floor.volume import CallVolume, Volume
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import TransitionRefused
from models.events import SurgeChanged
from models.guards import Actor
from models.ids import new_id
from models.ports import AlertPort
from models.store import Store, UnitOfWork
from models.tables import Staff, Surge, WorkOrder
from models.vocabulary import AlertKind, Role, Urgency

log = structlog.get_logger(__name__)

_HISTORY = 20
#: One surge at a time: one matter for the shift leader.
MATTER = "surge"


class SurgeView(BaseModel):
    """One surge."""

    id: str
    title: str
    greeting: str
    order_template: dict[str, Any]
    started_at: datetime
    #: None: by the system.
    started_by_name: str | None
    offered: int
    forecast: float
    ended_at: datetime | None
    ended_by_name: str | None
    note: str


class Helper(BaseModel):
    """Someone with a seat whose own work can wait."""

    id: str
    name: str
    extension: str | None
    roles: list[Role]


class SurgeBoard(BaseModel):
    """What a shift leader decides by."""

    active: SurgeView | None
    #: The time that is looked at, as the rules set it.
    minutes: int
    #: Calls in it, and those to be expected in it; None without a past to go by.
    offered: int
    forecast: float | None
    #: The one by the other; None without a forecast.
    ratio: float | None
    #: Where the system starts surge mode; None: it never does.
    limit_ratio: float | None
    history: list[SurgeView]
    to_be_called: list[Helper]


class SurgeDesk:
    """Starts, changes and ends surge mode. At most one surge is active."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, alerts: AlertPort) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self.surge = rules.surge
        self._alerts = alerts
        self._volume = CallVolume(store, clock, rules, self.surge.start.minutes)

    async def board(self) -> SurgeBoard:
        """How things are."""
        volume = await self._volume.now()
        async with self._store.read() as session:
            active = await _active(session)
            past = select(Surge).where(Surge.ended_at.is_not(None))
            rows = list(
                await session.scalars(past.order_by(Surge.started_at.desc()).limit(_HISTORY))
            )
            views = await _views(session, [active, *rows] if active else rows)
            helpers = await self._helpers(session)
        start = self.surge.start
        return SurgeBoard(
            active=views.pop(0) if active else None,
            minutes=start.minutes,
            offered=volume.offered,
            forecast=volume.forecast,
            ratio=volume.ratio,
            limit_ratio=start.ratio if start.automatic else None,
            history=views,
            to_be_called=helpers,
        )

    async def active(self) -> Surge | None:
        """The surge that lasts, if any."""
        async with self._store.read() as session:
            return await _active(session)

    async def start(
        self, actor: Actor, title: str, greeting: str, order_template: dict[str, Any]
    ) -> SurgeView:
        """By hand.

        :raises TransitionRefused: when it is on already.
        :raises InvalidInput: for a template that would not make an order.
        """
        template = check_template(order_template, self._rules)
        row = await self._open(title, greeting, template, actor.id, await self._volume.now())
        return await self._view(row)

    async def change(self, actor: Actor, changes: dict[str, Any]) -> SurgeView:
        """Title, greeting, template: those that are given."""
        if "order_template" in changes:
            changes["order_template"] = check_template(changes["order_template"], self._rules)
        async with self._store.transaction() as work:
            row = await _need_active(work.session)
            for name, value in changes.items():
                setattr(row, name, value)
            self._tell(work, row, active=True)
        log.info("surge.changed", surge_id=row.id, by=actor.name, fields=sorted(changes))
        return await self._view(row)

    async def end(self, actor: Actor, note: str) -> SurgeView:
        """By hand, and only so."""
        async with self._store.transaction() as work:
            row = await _need_active(work.session)
            row.ended_at, row.ended_by, row.note = self._clock.now(), actor.id, note
            self._tell(work, row, active=False)
        log.info("surge.ended", surge_id=row.id, by=actor.name)
        await self._settle()
        return await self._view(row)

    async def check(self) -> bool:
        """Start it when far more people call than foreseen; whether it was started."""
        start = self.surge.start
        if not start.automatic or await self._on_or_resting():
            return False
        volume = await self._volume.now(at_least=start.at_least)
        if volume.ratio is None or volume.offered < start.at_least or volume.ratio <= start.ratio:
            return False
        surge = self.surge
        try:
            row = await self._open(surge.title, surge.greeting, surge.order_template, None, volume)
        except TransitionRefused:
            return False  # somebody was faster
        await self._alert(row, volume)
        return True

    async def refuse_call_out(self, order_id: str | None, callback_id: str | None) -> None:
        """Calls out that can wait do so while surge mode lasts; call-backs and urgent orders go on.

        :raises TransitionRefused: saying so.
        """
        if not self.surge.pause_calls_out or callback_id is not None:
            return
        async with self._store.read() as session:
            if await _active(session) is None:
                return
            order = await session.get(WorkOrder, order_id) if order_id else None
        if order is None or order.urgency is Urgency.NORMAL:
            raise TransitionRefused(
                "激增模式期间暂停非紧急外呼，请优先接听来电；紧急工单和回拨任务不受影响"
            )

    # --- inside ---------------------------------------------------------------------------------

    async def _open(
        self, title: str, greeting: str, template: dict[str, Any], by: str | None, volume: Volume
    ) -> Surge:
        row = Surge(
            id=new_id(),
            title=title,
            greeting=greeting,
            order_template=template,
            started_at=self._clock.now(),
            started_by=by,
            offered=volume.offered,
            forecast=volume.forecast or 0.0,
            note="",
        )
        try:
            async with self._store.transaction() as work:
                if await _active(work.session) is not None:
                    raise _is_on()
                work.session.add(row)
                self._tell(work, row, active=True)
        except IntegrityError:  # another was faster by a moment
            raise _is_on() from None
        log.warning("surge.started", surge_id=row.id, by=by or "system", offered=volume.offered)
        return row

    async def _on_or_resting(self) -> bool:
        """Whether it lasts, or a person has ended it a short time ago."""
        query = select(Surge).order_by(Surge.started_at.desc()).limit(1)
        async with self._store.read() as session:
            last = await session.scalar(query)
        if last is None:
            return False
        if last.ended_at is None:
            return True
        rested = (self._clock.now() - last.ended_at).total_seconds() / 60
        return rested < self.surge.start.rest_minutes

    def _tell(self, work: UnitOfWork, row: Surge, *, active: bool) -> None:
        now = self._clock.now()
        work.record(SurgeChanged(at=now, surge_id=row.id, active=active, title=row.title))

    async def _alert(self, row: Surge, volume: Volume) -> None:
        """A failure of the alert must not undo the start."""
        text = (
            f"近{self.surge.start.minutes}分钟来电{volume.offered}个，"
            f"预测{volume.forecast or 0:.0f}个，已自动启动激增模式，请填写事件标题和提示语"
        )
        detail = {"surge_id": row.id, "offered": volume.offered, "forecast": volume.forecast}
        try:
            await self._alerts.raise_alert(AlertKind.SURGE, MATTER, text, detail=detail)
        except Exception:
            log.exception("surge.no_alert", surge_id=row.id)

    async def _settle(self) -> None:
        try:
            await self._alerts.settle(MATTER)
        except Exception:
            log.exception("surge.not_settled")

    async def _view(self, row: Surge) -> SurgeView:
        async with self._store.read() as session:
            return (await _views(session, [row]))[0]

    async def _helpers(self, session: AsyncSession) -> list[Helper]:
        wanted = set(self.surge.call_in)
        query = select(Staff).where(Staff.active.is_(True), Staff.extension.is_not(None))
        return [
            Helper(id=one.id, name=one.name, extension=one.extension, roles=one.roles)
            for one in await session.scalars(query.order_by(Staff.name))
            if wanted.intersection(one.roles) and Role.AGENT.value not in one.roles
        ]


async def _active(session: AsyncSession) -> Surge | None:
    found: Surge | None = await session.scalar(
        select(Surge).where(Surge.ended_at.is_(None)).order_by(Surge.started_at).limit(1)
    )
    return found


def _is_on() -> TransitionRefused:
    return TransitionRefused("激增模式已经启动")


async def _need_active(session: AsyncSession) -> Surge:
    row = await _active(session)
    if row is None:
        raise TransitionRefused("激增模式没有启动")
    return row


async def _views(session: AsyncSession, rows: Sequence[Surge]) -> list[SurgeView]:
    ids = {one for row in rows for one in (row.started_by, row.ended_by) if one}
    found = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    names = {staff_id: name for staff_id, name in found}
    return [_view(row, names) for row in rows]


def _view(row: Surge, names: dict[str, str]) -> SurgeView:
    return SurgeView(
        id=row.id,
        title=row.title,
        greeting=row.greeting,
        order_template=row.order_template,
        started_at=row.started_at,
        started_by_name=names.get(row.started_by) if row.started_by else None,
        offered=row.offered,
        forecast=row.forecast,
        ended_at=row.ended_at,
        ended_by_name=names.get(row.ended_by) if row.ended_by else None,
        note=row.note,
    )
