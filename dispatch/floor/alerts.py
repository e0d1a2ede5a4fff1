"""Alerts: a shift leader is called for something, once, and takes care of it by name."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.views.cursors import decode_cursor, encode_cursor
from models.bus import Bus
from models.clock import Clock
from models.errors import NotFound
from models.events import AlertAcknowledged, AlertRaised, CallEnded
from models.guards import Actor
from models.ids import new_id
from models.store import Store
from models.tables import Call, CallEventRow, FloorAlert, Staff
from models.vocabulary import AlertKind, CallEventKind

#: What was over the moment it happened: such an alert ends by being acknowledged.
MOMENTARY = frozenset({AlertKind.MISSED_RING, AlertKind.RISK_WORDS, AlertKind.HOT_EVENT})
#: A matter that comes and goes calls the shift leader no oftener than this.
PAUSE = timedelta(minutes=5)


class AlertView(BaseModel):
    """An alert as a shift leader reads it."""

    id: str
    kind: AlertKind
    kind_label: str
    at: datetime
    text: str
    call_id: str | None
    agent_id: str | None
    agent_name: str | None
    queue: str
    detail: dict[str, Any]
    acknowledged_by: str | None
    acknowledged_by_name: str | None
    acknowledged_at: datetime | None
    note: str
    ended_at: datetime | None


class AlertPage(BaseModel):
    """Newest first."""

    items: list[AlertView]
    next_cursor: str | None


class AlertBook:
    """All alerts: to be read, and to be acknowledged by name."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def acknowledge(self, alert_id: str, actor: Actor, note: str = "") -> AlertView:
        """Someone takes care of it. Said twice, the first one's name stays.

        :raises NotFound: when there is no such alert.
        """
        async with self._store.transaction() as work:
            query = select(FloorAlert).where(FloorAlert.id == alert_id).with_for_update()
            alert = await work.session.scalar(query)
            if alert is None:
                raise NotFound("没有这条告警", alert_id=alert_id)
            if alert.acknowledged_at is None:
                now = self._clock.now()
                alert.acknowledged_by, alert.acknowledged_at, alert.note = actor.id, now, note
                if alert.kind in MOMENTARY:
                    alert.ended_at = now
                work.record(
                    AlertAcknowledged(
                        at=now, alert_id=alert_id, staff_id=actor.id, staff_name=actor.name
                    )
                )
            await work.session.flush()
            return (await _views(work.session, [alert]))[0]

    async def page(
        self,
        *,
        only_open: bool = False,
        kind: AlertKind | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        acknowledged_since: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> AlertPage:
        """Alerts, newest first. ``only_open``: those that nobody has acknowledged."""
        query = _chosen(only_open, kind, since, until, cursor).limit(limit + 1)
        if acknowledged_since:
            query = query.where(FloorAlert.acknowledged_at >= acknowledged_since)
        async with self._store.read() as session:
            found = list(await session.scalars(query))
            views = await _views(session, found[:limit])
        last = found[limit - 1] if len(found) > limit else None
        return AlertPage(items=views, next_cursor=encode_cursor(last.at, last.id) if last else None)

    async def count_open(self) -> int:
        """How many wait to be acknowledged."""
        waiting = FloorAlert.acknowledged_at.is_(None)
        async with self._store.read() as session:
            return await session.scalar(select(func.count()).where(waiting)) or 0


class Alerts(AlertBook):
    """Raises and settles as well; implements :class:`models.ports.AlertPort`. One per house."""

    def __init__(self, store: Store, bus: Bus, clock: Clock, *, pause: timedelta = PAUSE) -> None:
        super().__init__(store, clock)
        self._pause = pause
        self._lock = asyncio.Lock()
        bus.subscribe("alerts", self._on_call_ended, CallEnded)

    async def raise_alert(
        self,
        kind: AlertKind,
        matter: str,
        text: str,
        *,
        call_id: str | None = None,
        agent_id: str | None = None,
        queue: str = "",
        detail: dict[str, Any] | None = None,
    ) -> str | None:
        """Call the shift leader; the new alert's id.

        None when this matter is open already, or was so a moment ago.
        """
        try:
            return await self._raise(kind, matter, text, call_id, agent_id, queue, detail or {})
        except IntegrityError:
            return None  # another process has just raised it

    async def _raise(
        self,
        kind: AlertKind,
        matter: str,
        text: str,
        call_id: str | None,
        agent_id: str | None,
        queue: str,
        detail: dict[str, Any],
    ) -> str | None:
        now = self._clock.now()
        async with self._lock, self._store.transaction() as work:
            if await self._is_known(work.session, matter, now):
                return None
            alert = FloorAlert(
                id=new_id(),
                kind=kind,
                at=now,
                text=text,
                call_id=call_id,
                agent_id=agent_id,
                queue=queue,
                detail=detail,
                matter=matter,
            )
            work.session.add(alert)
            await self._note_in_call(work.session, alert)
            work.record(
                AlertRaised(
                    at=now,
                    alert_id=alert.id,
                    kind=kind,
                    text=text,
                    call_id=call_id,
                    agent_id=agent_id,
                    queue=queue,
                )
            )
        return alert.id

    async def settle(self, matter: str) -> bool:
        """The matter itself is over; whether it was open. It still waits to be acknowledged."""
        async with self._store.transaction() as work:
            still_open = (FloorAlert.matter == matter, FloorAlert.ended_at.is_(None))
            ended = update(FloorAlert).where(*still_open).values(ended_at=self._clock.now())
            found = await work.session.scalars(ended.returning(FloorAlert.id))
            return found.first() is not None

    # --- inside ---------------------------------------------------------------------------------

    async def _is_known(self, session: AsyncSession, matter: str, now: datetime) -> bool:
        lately = FloorAlert.ended_at.is_(None) | (FloorAlert.ended_at > now - self._pause)
        query = select(FloorAlert.id).where(FloorAlert.matter == matter, lately)
        return (await session.scalars(query.limit(1))).first() is not None

    async def _note_in_call(self, session: AsyncSession, alert: FloorAlert) -> None:
        """A line of the call's own history, unless the call is not written down yet."""
        if alert.call_id and await session.get(Call, alert.call_id) is not None:
            session.add(
                CallEventRow(
                    call_id=alert.call_id,
                    at=alert.at,
                    kind=CallEventKind.ALERT,
                    reason=alert.text,
                    detail={"alert_id": alert.id, "kind": alert.kind.value},
                )
            )

    async def _on_call_ended(self, event: CallEnded) -> None:
        """What was the matter with a call is over with it."""
        async with self._store.transaction() as work:
            of_call = (FloorAlert.call_id == event.call_id, FloorAlert.ended_at.is_(None))
            lasting = FloorAlert.kind.not_in(MOMENTARY)
            await work.session.execute(
                update(FloorAlert).where(*of_call, lasting).values(ended_at=event.at)
            )


def _chosen(
    only_open: bool,
    kind: AlertKind | None,
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
) -> Select[FloorAlert]:
    query = select(FloorAlert).order_by(FloorAlert.at.desc(), FloorAlert.id.desc())
    if only_open:
        query = query.where(FloorAlert.acknowledged_at.is_(None))
    if kind:
        query = query.where(FloorAlert.kind == kind)
    if since:
        query = query.where(FloorAlert.at >= since)
    if until:
        query = query.where(FloorAlert.at < until)
    if cursor:
        at, alert_id = decode_cursor(cursor)
        older = and_(FloorAlert.at == at, FloorAlert.id < alert_id)
        query = query.where(or_(FloorAlert.at < at, older))
    return query


async def _views(session: AsyncSession, alerts: list[FloorAlert]) -> list[AlertView]:
    ids = {alert.agent_id for alert in alerts} | {alert.acknowledged_by for alert in alerts}
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids - {None})))
    names: dict[str | None, str] = {staff_id: name for staff_id, name in rows}
    return [_view(alert, names) for alert in alerts]


def _view(alert: FloorAlert, names: dict[str | None, str]) -> AlertView:
    return AlertView(
        id=alert.id,
        kind=alert.kind,
        kind_label=alert.kind.label,
        at=alert.at,
        text=alert.text,
        call_id=alert.call_id,
        agent_id=alert.agent_id,
        agent_name=names.get(alert.agent_id),
        queue=alert.queue,
        detail=alert.detail,
        acknowledged_by=alert.acknowledged_by,
        acknowledged_by_name=names.get(alert.acknowledged_by),
        acknowledged_at=alert.acknowledged_at,
        note=alert.note,
        ended_at=alert.ended_at,
    )
