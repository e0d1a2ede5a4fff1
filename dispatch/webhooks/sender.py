"""Sending deliveries over HTTP: signed, until the other side takes them, for days."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
import structlog
from sqlalchemy import select

from dispatch.notices.pending import settle, take
from dispatch.rules import Rules
from dispatch.webhooks.secret import headers_of
from models.clock import Clock
from models.store import Store
from models.tables.notices import WebhookDelivery, WebhookEndpoint

log = structlog.get_logger(__name__)

#: At a time, and of these for one address: a dead one must not hold up the others.
BATCH, PER_ADDRESS = 40, 4
LOOK_AT = 500
#: Of an answer that refuses, how much is kept to tell people.
KEPT_ANSWER = 300


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an attempt went. ``error`` empty: it was taken."""

    status: int | None = None
    error: str = ""
    #: The address says that it is gone for good.
    gone: bool = False


class WebhookSender:
    """Sends. Several processes may: a delivery goes to the one that takes it."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, key: str) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._key = key

    async def send_due(self) -> int:
        """Send what is due; returns how many were taken by the other sides."""
        sent = 0
        while ids := await self._due():
            taken = await take(self._store, self._clock, WebhookDelivery, ids)
            if not taken:  # all in the hands of other processes
                break
            timeout = aiohttp.ClientTimeout(total=self._rules.notices.sending.timeout_seconds)
            async with aiohttp.ClientSession(timeout=timeout) as http:
                sent += sum(await asyncio.gather(*(self._send(http, one) for one in taken)))
        return sent

    async def _due(self) -> list[str]:
        now = self._clock.now()
        query = select(WebhookDelivery.id, WebhookDelivery.endpoint_id)
        query = query.where(WebhookDelivery.next_at <= now).order_by(WebhookDelivery.next_at)
        async with self._store.read() as session:
            rows = (await session.execute(query.limit(LOOK_AT))).all()
        chosen: list[str] = []
        per_address: Counter[str] = Counter()
        for delivery_id, endpoint_id in rows:
            if per_address[endpoint_id] < PER_ADDRESS and len(chosen) < BATCH:
                per_address[endpoint_id] += 1
                chosen.append(delivery_id)
        return chosen

    async def _send(self, http: aiohttp.ClientSession, delivery: WebhookDelivery) -> bool:
        async with self._store.read() as session:
            endpoint = await session.get_one(WebhookEndpoint, delivery.endpoint_id)
        if endpoint.disabled_at is not None:
            outcome = Outcome(error="推送地址已停用", gone=True)
        else:
            outcome = await self._post(http, endpoint, delivery)
        await self._write_down(delivery, outcome)
        return not outcome.error

    async def _post(
        self, http: aiohttp.ClientSession, endpoint: WebhookEndpoint, delivery: WebhookDelivery
    ) -> Outcome:
        now = self._clock.now()
        signed = headers_of(self._key, endpoint, f"msg_{delivery.id}", now, delivery.body)
        headers = {"Content-Type": "application/json", "User-Agent": "hotline12345", **signed}
        try:
            async with http.post(
                endpoint.url, data=delivery.body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                return await _outcome(answer)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Outcome(error=repr(error) if str(error) else type(error).__name__)

    async def _write_down(self, delivery: WebhookDelivery, outcome: Outcome) -> None:
        now, rules = self._clock.now(), self._rules.notices.sending
        async with self._store.transaction() as work:
            row = await work.session.get_one(WebhookDelivery, delivery.id)
            row.last_status = outcome.status
            settle(row, now, rules, outcome.error, final=outcome.gone)
            endpoint = await work.session.get_one(WebhookEndpoint, row.endpoint_id)
            if outcome.gone and endpoint.disabled_at is None:
                endpoint.disabled_at, endpoint.disabled_because = now, outcome.error
        if outcome.error:
            tell = log.error if row.given_up_at else log.warning
            tell("webhook.failed", delivery=row.id, attempts=row.attempts, error=outcome.error)


async def _outcome(answer: aiohttp.ClientResponse) -> Outcome:
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(status=answer.status)
    said = (await answer.content.read(KEPT_ANSWER)).decode(errors="replace").replace("\x00", "")
    return Outcome(
        status=answer.status,
        error=f"HTTP {answer.status} {said}".strip(),
        gone=answer.status == HTTPStatus.GONE,
    )
