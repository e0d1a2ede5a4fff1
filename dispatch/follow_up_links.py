"""回访 by a link: a message to the citizen's mobile, which only that citizen has."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from dispatch.commands import InviteFollowUp
from dispatch.due_words import moment_text
from dispatch.notices.board import message_row
from dispatch.possible import check_possible, mobiles_of
from dispatch.running import show_lights
from dispatch.step import Handler, Step
from models.ids import new_id
from models.tables import FollowUpLink, Task, WorkOrder
from models.task_tree import lead_task
from models.vocabulary import Action, MessageChannel


async def invite(step: Step, command: InviteFollowUp) -> None:
    """The citizen may say how it was without being rung; counts as the first try."""
    step.follow()
    task = lead_task(step.tasks)
    assert task is not None, "what is asked about was handled by somebody"
    check_possible(step, link_sent=await link_sent(step.session, step.order, task, step.now))
    phone = mobiles_of(step.order)[0]
    secret = secrets.token_urlsafe(16)
    link = _link(step, task, secret)
    step.session.add(link)
    text = _text(step, task, link, secret)
    sms = message_row(f"follow-up:{link.id}", MessageChannel.SMS, phone, "", text, step.now)
    step.session.add(sms)
    step.told(until=link.expires_at)
    if step.order.follow_up_started_at is None:
        step.change(follow_up_started_at=step.now)
    show_lights(step)


async def link_sent(
    session: AsyncSession, order: WorkOrder, task: Task | None, now: datetime
) -> bool:
    """Whether the citizen has a link to say how the present result was."""
    query = select(FollowUpLink.id).where(
        FollowUpLink.order_id == order.id,
        FollowUpLink.task_id == (task and task.id),
        FollowUpLink.expires_at > now,
    )
    return await session.scalar(query.limit(1)) is not None


def hash_of(secret: str) -> str:
    """What of a link is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _link(step: Step, task: Task, secret: str) -> FollowUpLink:
    return FollowUpLink(
        id=new_id(),
        order_id=step.order.id,
        task_id=task.id,
        secret_hash=hash_of(secret),
        staff_id=step.actor.id,
        sent_at=step.now,
        expires_at=step.now + step.rules.handling.follow_up.link_lives,
    )


def _text(step: Step, task: Task, link: FollowUpLink, secret: str) -> str:
    rule = step.rules.handling.follow_up
    return rule.message.format(
        title=step.order.title,
        unit=step.rules.unit_name(task.department),
        link=rule.link.format(code=secret),
        until=moment_text(step.rules.counter.local(link.expires_at)),
    )


HANDLERS: dict[Action, Handler] = {Action.INVITE_FOLLOW_UP: invite}
