"""One message per unit and hour: what the hour brought, in two sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.notices.board import addresses, message_row
from dispatch.rules import Rules
from models.clock import Clock
from models.store import Store
from models.tables import WorkOrder
from models.tables.notices import Notice
from models.vocabulary import NoticeAudience

_FOR_LEADERS = (NoticeAudience.LEADER, NoticeAudience.BOTH)
_FOR_CLERKS = tuple(one for one in NoticeAudience if one is not NoticeAudience.LEADER)
#: Who gets a digest, of which notices, and what is asked of them.
_READERS = (
    (NoticeAudience.UNIT, _FOR_CLERKS, "请登录平台及时办理。"),
    (NoticeAudience.LEADER, _FOR_LEADERS, "请督促办理或登录平台审定。"),
)


class DigestDesk:
    """Writes the digests of the hour that is over. ``sender``: who signs them."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, sender: str) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._sender = sender

    async def look(self) -> int:
        """Write what is due; returns how many units got one."""
        local = self._clock.now().astimezone(self._rules.zone)
        rules = self._rules.notices.digest
        if not rules.first_hour <= local.hour <= rules.last_hour:
            return 0
        hour = local.replace(minute=0, second=0, microsecond=0)
        return sum([await self._write(unit, hour) for unit in await self._units(hour)])

    async def _units(self, hour: datetime) -> list[str]:
        query = select(Notice.department).where(Notice.told_at.is_(None), Notice.at < hour)
        async with self._store.read() as session:
            return sorted(await session.scalars(query.distinct()))

    async def _write(self, unit: str, hour: datetime) -> bool:
        try:
            async with self._store.transaction() as work:
                return await self._write_in(work.session, unit, hour)
        except IntegrityError:
            return False  # another process has just written it

    async def _write_in(self, session: AsyncSession, unit: str, hour: datetime) -> bool:
        now = self._clock.now()
        query = select(Notice).where(
            Notice.department == unit, Notice.told_at.is_(None), Notice.at < hour
        )
        found = list(await session.scalars(query.order_by(Notice.id).with_for_update()))
        for notice in found:
            notice.told_at = now
        sent = set()
        for audience, theirs, asked in _READERS:
            mine = [one for one in found if one.audience in theirs]
            to = await addresses(session, self._rules, unit, now, audience) if mine else []
            text = await self._text(session, mine, hour, asked) if to else ""
            for channel, address in to:
                key = f"digest:{unit}:{hour:%Y-%m-%dT%H%z}:{channel.value}:{address}"
                if key not in sent:
                    session.add(message_row(key, channel, address, unit, text, now))
                    sent.add(key)
        return bool(sent)

    async def _text(
        self, session: AsyncSession, found: Sequence[Notice], hour: datetime, asked: str
    ) -> str:
        kinds = Counter(notice.kind for notice in found)
        counts = "、".join(f"{kind.label}{number}件" for kind, number in kinds.items())
        ids = list(dict.fromkeys(notice.order_id for notice in found))
        listed = self._rules.notices.digest.listed
        rows = await session.execute(
            select(WorkOrder.id, WorkOrder.order_no).where(WorkOrder.id.in_(ids[:listed]))
        )
        numbers = {order_id: order_no for order_id, order_no in rows}
        named = "、".join(numbers[order_id] for order_id in ids[:listed])
        more = f"等{len(ids)}件" if len(ids) > listed else ""
        return (
            f"【{self._sender}】截至{hour:%m月%d日%H时}，贵单位新增：{counts}。"
            f"工单{named}{more}。{asked}"
        )
