"""Addresses that want to be told: made, renewed, closed, and what became of their deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.notices.pending import again
from dispatch.rules import Rules
from dispatch.webhooks.announce import event_names
from dispatch.webhooks.secret import secret_of
from models.clock import Clock
from models.errors import InvalidInput, NotFound
from models.ids import new_id
from models.store import Store
from models.tables.notices import WebhookDelivery, WebhookEndpoint
from models.tables.partners import PartnerSystem

#: Rows that are set going again in one transaction.
BATCH = 500


class WebhookDesk:
    """Looks after addresses. ``key``: the installation's, of which secrets are derived."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, key: str) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._key = key

    async def add(
        self, url: str, *, department: str = "", system: str = "", events: Sequence[str] = ()
    ) -> WebhookEndpoint:
        """A new address of a unit, or of a system.

        :raises InvalidInput: saying what is wrong.
        """
        _check_url(url)
        if unknown := sorted(set(events) - set(event_names())):
            raise InvalidInput(f"没有这样的事件：{'、'.join(unknown)}")
        now = self._clock.now()
        endpoint = WebhookEndpoint(
            id=new_id(),
            department=department,
            system=system,
            url=url,
            events=list(events),
            generation=1,
            renewed_at=now,
            created_at=now,
            disabled_because="",
        )
        async with self._store.transaction() as work:
            await self._check_owner(work.session, department, system)
            work.session.add(endpoint)
        return endpoint

    def secret(self, endpoint: WebhookEndpoint) -> str:
        """What its owner checks signatures with."""
        return secret_of(self._key, endpoint.id, endpoint.generation)

    async def all(self) -> list[WebhookEndpoint]:
        """The oldest first."""
        async with self._store.read() as session:
            return list(await session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id)))

    async def get(self, endpoint_id: str) -> WebhookEndpoint:
        """One of them.

        :raises NotFound: when there is none.
        """
        async with self._store.read() as session:
            return await _endpoint(session, endpoint_id)

    async def renew(self, endpoint_id: str) -> WebhookEndpoint:
        """Give it a new secret; the old one signs, too, for a day."""
        async with self._store.transaction() as work:
            endpoint = await _endpoint(work.session, endpoint_id)
            endpoint.generation += 1
            endpoint.renewed_at = self._clock.now()
        return endpoint

    async def disable(self, endpoint_id: str) -> None:
        """Tell it nothing more. Safe to repeat."""
        async with self._store.transaction() as work:
            endpoint = await _endpoint(work.session, endpoint_id)
            if endpoint.disabled_at is None:
                endpoint.disabled_at = self._clock.now()
                endpoint.disabled_because = "人工停用"

    async def enable(self, endpoint_id: str) -> None:
        """Tell it again. What it has missed is sent by :meth:`replay`."""
        async with self._store.transaction() as work:
            endpoint = await _endpoint(work.session, endpoint_id)
            endpoint.disabled_at, endpoint.disabled_because = None, ""

    async def deliveries(self, endpoint_id: str, limit: int = 50) -> list[WebhookDelivery]:
        """What it was sent last, the newest first."""
        query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
        async with self._store.read() as session:
            await _endpoint(session, endpoint_id)
            newest = query.order_by(WebhookDelivery.id.desc()).limit(limit)
            return list(await session.scalars(newest))

    async def replay(self, endpoint_id: str, since: datetime, *, only_failed: bool) -> int:
        """Send again what arose since then, with the same ids; returns how many.

        ``only_failed``: what was given up; else also what was taken.
        """
        which = [
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.created_at >= since,
            WebhookDelivery.next_at.is_(None),
        ]
        if only_failed:
            which.append(WebhookDelivery.given_up_at.is_not(None))
        async with self._store.read() as session:
            if (await _endpoint(session, endpoint_id)).disabled_at is not None:
                raise InvalidInput("这个推送地址已停用，请先启用再重发")
        count = 0
        while found := await self._set_going(which):
            count += found
        return count

    async def _set_going(self, which: list[ColumnElement[bool]]) -> int:
        query = select(WebhookDelivery).where(*which).order_by(WebhookDelivery.id).limit(BATCH)
        async with self._store.transaction() as work:
            rows = list(await work.session.scalars(query))
            for row in rows:
                again(row, self._clock.now())
        return len(rows)

    async def forget_old(self) -> int:
        """Drop what is too old to be sent again; returns how many."""
        keep = timedelta(days=self._rules.notices.sending.keep_days)
        old = delete(WebhookDelivery).where(
            WebhookDelivery.created_at < self._clock.now() - keep, WebhookDelivery.next_at.is_(None)
        )
        async with self._store.transaction() as work:
            done = await work.session.execute(old)
        return int(getattr(done, "rowcount", 0))

    async def counts(self, endpoint_id: str) -> dict[str, int]:
        """How many were taken, wait, and were given up."""
        of_it = WebhookDelivery.endpoint_id == endpoint_id
        query = select(
            func.count(WebhookDelivery.done_at),
            func.count(WebhookDelivery.next_at),
            func.count(WebhookDelivery.given_up_at),
        ).where(of_it)
        async with self._store.read() as session:
            done, waiting, given_up = (await session.execute(query)).one()
        return {"done": done, "waiting": waiting, "given_up": given_up}

    async def _check_owner(self, session: AsyncSession, department: str, system: str) -> None:
        if bool(department) == bool(system):
            raise InvalidInput("请指定承办单位或外部系统，二者选一")
        if department and department not in self._rules.departments:
            raise InvalidInput(f"没有编码为 {department} 的承办单位")
        if system and await session.get(PartnerSystem, system) is None:
            raise InvalidInput(f"没有编码为 {system} 的外部系统")


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise InvalidInput(f"“{url}”不是可用的推送地址，请写成 https://主机/路径")


async def _endpoint(session: AsyncSession, endpoint_id: str) -> WebhookEndpoint:
    found = await session.get(WebhookEndpoint, endpoint_id)
    if found is None:
        raise NotFound(f"没有编号为 {endpoint_id} 的推送地址")
    return found
