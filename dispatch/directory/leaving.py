"""Someone leaves: what they had in hand goes to a successor, and the account is closed."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import delete

from dispatch.checks import Faults
from dispatch.commands import HandOverTask, invalid
from dispatch.directory.open_work import OpenWork, open_work
from dispatch.directory.rights import needs
from dispatch.order_timers import SYSTEM
from dispatch.rules import Rules
from dispatch.service import OrderService
from models.clock import Clock
from models.errors import Forbidden, NotFound
from models.guards import Actor
from models.ids import new_id
from models.store import Store, UnitOfWork
from models.tables import HandOver, Session, Staff

log = structlog.get_logger(__name__)


class Leaving:
    """Shows what a person has in hand, and closes the account once somebody else has it."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, orders: OrderService) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._orders = orders

    async def look(self, actor: Actor, staff_id: str) -> tuple[Staff, OpenWork]:
        """What would have to be handed over."""
        needs(self._rules, actor, "staff.manage")
        async with self._store.read() as session:
            staff = await session.get(Staff, staff_id)
            if staff is None:
                raise NotFound("没有这个人员", staff_id=staff_id)
            return staff, await open_work(session, staff, self._clock.now())

    async def leave(
        self, actor: Actor, staff_id: str, *, successor_id: str | None, reason: str
    ) -> HandOver:
        """All in one transaction: nothing lies with nobody in between.

        :raises InvalidInput: when somebody is needed who is not named, or does not fit.
        """
        needs(self._rules, actor, "staff.manage")
        if actor.id == staff_id:
            raise Forbidden("不能为本人办理离岗，请由其他系统管理员办理", permission="staff.manage")
        now = self._clock.now()
        async with self._store.transaction() as work:
            staff = await self._in_use(work, staff_id, "staff_id")
            held = await open_work(work.session, staff, now)
            successor = (
                await self._in_use(work, successor_id, "successor_id") if successor_id else None
            )
            self._check(staff, held, successor)
            if successor is not None:
                await self._pass_on(work, actor, held, staff, successor)
            await self._end(work, held, now)
            await self._close(work, staff)
            record = HandOver(
                id=new_id(),
                staff_id=staff.id,
                successor_id=successor_id,
                reason=reason,
                items=held.items(),
                made_by=actor.id,
                at=now,
            )
            work.session.add(record)
        log.info("staff.left", staff_id=staff_id, successor_id=successor_id, by=actor.id)
        return record

    async def _in_use(self, work: UnitOfWork, staff_id: str, field: str) -> Staff:
        staff = await work.session.get(Staff, staff_id, with_for_update=True)
        if staff is None or not staff.active:
            raise invalid([{"field": field, "message": "没有这个人员，或其账号已停用"}])
        return staff

    def _check(self, staff: Staff, held: OpenWork, successor: Staff | None) -> None:
        faults = Faults(self._rules)
        if held.at_seat:
            faults.add("staff_id", f"{staff.name}正签入坐席，请先签出")
        if successor is None and held.to_hand_over:
            faults.add("successor_id", f"{staff.name}有{held.to_hand_over}项未了事项，须指定接办人")
        if successor is not None:
            self._check_successor(staff, held, successor, faults)
        faults.raise_any()

    def _check_successor(
        self, staff: Staff, held: OpenWork, successor: Staff, faults: Faults
    ) -> None:
        if successor.id == staff.id:
            faults.add("successor_id", "接办人不能是本人")
        elif held.tasks and successor.department != staff.department:
            unit = self._rules.unit_name(staff.department)
            faults.add("successor_id", f"承办任务须由{unit}的人员接办")
        elif not set(staff.roles) & set(successor.roles):
            faults.add("successor_id", f"{successor.name}与{staff.name}没有相同的岗位，不能接办")

    async def _pass_on(
        self, work: UnitOfWork, actor: Actor, held: OpenWork, staff: Staff, successor: Staff
    ) -> None:
        reason = f"{staff.name}离岗，由{successor.name}接办（{actor.name}办理）"
        for task, _ in held.tasks:
            command = HandOverTask(task_id=task.id, handler_id=successor.id, reason=reason)
            await self._orders.act_in(work, SYSTEM, task.order_id, command)
        for draft in held.drafts:
            draft.agent_id = successor.id
        for callback in held.callbacks:
            callback.taken_by = successor.id
            callback.version += 1
        for duty in held.duties:
            duty.staff_id, duty.name = successor.id, successor.name

    async def _end(self, work: UnitOfWork, held: OpenWork, now: datetime) -> None:
        """What nobody inherits: shifts are planned anew, powers end."""
        for shift in held.shifts:
            await work.session.delete(shift)
        for absence in held.standing_in:
            absence.ended_at = now
        for post in held.posts:
            post.ended_at = now

    async def _close(self, work: UnitOfWork, staff: Staff) -> None:
        """The account stays: history names it. The seat is free for the next one."""
        staff.active = False
        staff.extension = None
        await work.session.execute(delete(Session).where(Session.staff_id == staff.id))
