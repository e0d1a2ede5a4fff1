"""Alerts of the floor, and taking care of them by name."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field

from agent_console.routing import Ask, Routes
from agent_console.validation import Body
from dispatch.floor.alerts import AlertPage, AlertView
from models.vocabulary import AlertKind

routes = Routes("话务告警")


class AlertQuery(Body):
    """Which alerts. Dates are local days, both included."""

    open: bool = False
    kind: AlertKind | None = None
    since: date | None = Field(None, alias="from")
    until: date | None = Field(None, alias="to")
    #: Only those that somebody has acknowledged in the last hours.
    acknowledged_hours: int | None = Field(None, ge=1, le=744)
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=200)


class Acknowledge(Body):
    """What was done about it."""

    note: str = Field("", max_length=500, title="处理说明")


@routes.route("GET", "/api/alerts", summary="话务告警", permission="floor.alert")
async def list_alerts(ask: Ask, query: AlertQuery) -> AlertPage:
    """Newest first. ``open=1``: those that nobody has acknowledged."""
    zone = ZoneInfo(ask.console.services.settings.timezone)
    until = query.until + timedelta(days=1) if query.until else None
    hours = query.acknowledged_hours
    lately = ask.console.services.clock.now() - timedelta(hours=hours) if hours else None
    return await ask.console.alert_book.page(
        only_open=query.open,
        kind=query.kind,
        since=_midnight(query.since, zone),
        until=_midnight(until, zone),
        acknowledged_since=lately,
        cursor=query.cursor,
        limit=query.limit,
    )


@routes.route(
    "POST", "/api/alerts/{alert_id}/acknowledge", summary="确认告警", permission="floor.alert"
)
async def acknowledge_alert(ask: Ask, alert_id: str, body: Acknowledge) -> AlertView:
    """By name. Of two who do so the first one stays."""
    return await ask.console.alert_book.acknowledge(alert_id, ask.person.actor(), body.note)


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None
