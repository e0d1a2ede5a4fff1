"""What the follow-up desk is told of each order that waits: what was tried, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from dispatch.due_words import due_text
from dispatch.follow_up_tries import counted, counts_from, tried_enough
from dispatch.rules import Rules
from dispatch.views.rows import order_row
from dispatch.views.shapes import FollowUpRow
from models.tables import FollowUp, FollowUpLink, Task, WorkOrder

_Redo = aliased(Task)


@dataclass
class Asked:
    """How the citizen of an order was asked about the present result."""

    #: Failed calls, the oldest first.
    tries: list[datetime] = field(default_factory=list)
    #: Until when the link works that the citizen has not answered by; None: none was sent.
    link_until: datetime | None = None


async def asked_so_far(session: AsyncSession, order_ids: Sequence[str]) -> dict[str, Asked]:
    """Of the present round of each order."""
    found = {order_id: Asked() for order_id in order_ids}
    tries = (
        select(FollowUp.order_id, FollowUp.at)
        .where(FollowUp.order_id.in_(order_ids), FollowUp.reached.is_(False))
        .where(~exists().where(_Redo.redo_of == FollowUp.task_id))
        .order_by(FollowUp.at)
    )
    for order_id, at in await session.execute(tries):
        found[order_id].tries.append(at)
    links = (
        select(FollowUpLink.order_id, FollowUpLink.expires_at)
        .where(FollowUpLink.order_id.in_(order_ids), FollowUpLink.answered_at.is_(None))
        .where(~exists().where(_Redo.redo_of == FollowUpLink.task_id))
        .order_by(FollowUpLink.expires_at)
    )
    for order_id, until in await session.execute(links):
        found[order_id].link_until = until
    return found


def follow_up_row(order: WorkOrder, asked: Asked, rules: Rules, now: datetime) -> FollowUpRow:
    """The line of one order."""
    moments = asked.tries
    parts = [_part(at, rules) for at in counted(moments, rules)]
    return FollowUpRow(
        order=order_row(order, rules, now),
        attempts=len(moments),
        last_attempt_at=moments[-1] if moments else None,
        tried=list(dict.fromkeys(parts)),
        advice="；".join(
            one for one in (_by_phone(asked, rules, now), _by_link(asked, rules, now)) if one
        ),
    )


def _part(at: datetime, rules: Rules) -> str:
    return rules.service_levels.follow_up.part_of(rules.counter.local(at).time()).name


def _by_phone(asked: Asked, rules: Rules, now: datetime) -> str:
    moments = asked.tries
    if not moments:
        return "" if asked.link_until else "尚未回访"
    tried = f"已有{len(moments)}次未接通"
    counting, wait = counted(moments, rules), counts_from(moments, rules)
    if tried_enough([*moments, now], rules):
        return f"{tried}，本次仍未接通即可办结"
    if _part(now, rules) in [_part(at, rules) for at in counting]:
        return f"{tried}，请换一个时段再试"
    if wait and wait > now:
        return f"{tried}，{due_text(rules.counter.local(wait))}以后再试才计次数"
    return f"{tried}，现在可以再试"


def _by_link(asked: Asked, rules: Rules, now: datetime) -> str:
    until = asked.link_until
    if until is None or (until <= now and asked.tries):
        return ""
    if until <= now:
        return "评价链接已失效，诉求人未评价，请电话回访"
    return f"已发送评价链接，诉求人尚未评价，{due_text(rules.counter.local(until))}前有效"
