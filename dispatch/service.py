"""The one door through which orders change: one command, one transaction."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from dispatch import (
    afterwards,
    closing,
    deadlines,
    delegation,
    extensions,
    follow_up_links,
    hand_over,
    handling,
    intake,
    merged_answers,
    merging,
    oversight,
    recounting,
    redoing,
    refusals,
    requests,
    returns,
    shelf,
    supervision,
    suspension,
    transfer,
    urging,
    withdrawal,
)
from dispatch.chain import canonical_json
from dispatch.commands import (
    Command,
    CommandResult,
    OpenOrder,
    OrderCommand,
    invalid,
)
from dispatch.loading import Loaded, answer_of, at_hand, load
from dispatch.opening import check_opening, new_order, open_order
from dispatch.rules import Rules
from dispatch.scope import can_see
from dispatch.step import Handler, Step
from models.clock import Clock
from models.errors import Conflict, NotFound
from models.guards import Actor
from models.ids import new_id
from models.store import Store, UnitOfWork
from models.tables import DoneCommand, WorkOrder
from models.vocabulary import Action

#: What does each action on an existing order; one dictionary per subject.
HANDLERS: dict[Action, Handler] = {
    **intake.HANDLERS,
    **handling.HANDLERS,
    **hand_over.HANDLERS,
    **delegation.HANDLERS,
    **returns.HANDLERS,
    **extensions.HANDLERS,
    **suspension.HANDLERS,
    **requests.HANDLERS,
    **closing.HANDLERS,
    **follow_up_links.HANDLERS,
    **redoing.HANDLERS,
    **oversight.HANDLERS,
    **urging.HANDLERS,
    **withdrawal.HANDLERS,
    **transfer.HANDLERS,
    **supervision.HANDLERS,
    **merging.HANDLERS,
    **merged_answers.HANDLERS,
    **refusals.HANDLERS,
    **shelf.HANDLERS,
    **afterwards.HANDLERS,
    **recounting.HANDLERS,
    **deadlines.HANDLERS,
}


class OrderService:
    """Takes commands. Errors of all methods: ``InvalidInput``, ``TransitionRefused``,
    ``Conflict`` (someone else was faster), ``NotFound`` (or not to be seen by the actor)."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self.rules = rules

    async def open_order(self, actor: Actor, command: OpenOrder) -> CommandResult:
        """Take a demand in; closes it at once when it was answered on the spot."""
        checked = check_opening(command, self.rules)
        try:
            return await self._open(actor, command, checked)
        except IntegrityError:
            # The same key at the same moment: the other was faster, and its answer stands now.
            async with self._store.transaction() as work:
                if done := await self._done(work, actor, Action.OPEN, "", command):
                    return done
            raise

    async def _open(self, actor: Actor, command: OpenOrder, checked: OpenOrder) -> CommandResult:
        async with self._store.transaction() as work:
            if done := await self._done(work, actor, Action.OPEN, "", command):
                return done
            return await self._open_in(work, actor, command, checked)

    async def open_in(self, work: UnitOfWork, actor: Actor, command: OpenOrder) -> CommandResult:
        """The same within a transaction that does more than this; without looking at the key."""
        return await self._open_in(work, actor, command, check_opening(command, self.rules))

    async def _open_in(
        self, work: UnitOfWork, actor: Actor, command: OpenOrder, checked: OpenOrder
    ) -> CommandResult:
        order = await new_order(work, checked, self.rules)
        step = self._step(work, actor, Action.OPEN, Loaded(order=order))
        await open_order(step, checked)
        return await self._finish(step, command)

    async def act(self, actor: Actor, order_id: str, command: OrderCommand) -> CommandResult:
        """Do any other action; which one is the command's class (``commands.COMMANDS``)."""
        try:
            async with self._store.transaction() as work:
                return await self.act_in(work, actor, order_id, command)
        except IntegrityError:
            # The same key on another order at the same moment: the other was faster.
            async with self._store.transaction() as work:
                if done := await self._done(work, actor, command.action, order_id, command):
                    return done
            raise

    async def act_in(
        self, work: UnitOfWork, actor: Actor, order_id: str, command: OrderCommand
    ) -> CommandResult:
        """The same within a transaction that does more than this."""
        action = command.action
        # The order is locked first: of two with the same key the second then finds the answer.
        found = await self._load(work, actor, order_id, command)
        if found.done and (done := await self._done(work, actor, action, order_id, command)):
            return done
        _check_version(found.order, command)
        step = self._step(work, actor, action, found)
        step.task_id, step.request_id = command.task_id, getattr(command, "request_id", None)
        await HANDLERS[action](step, command)
        return await self._finish(step, command)

    def _step(self, work: UnitOfWork, actor: Actor, action: Action, found: Loaded) -> Step:
        """A step on an order that is locked; the caller finishes it."""
        return Step(
            work=work,
            rules=self.rules,
            now=self._clock.now(),
            actor=actor,
            action=action,
            order=found.order,
            tasks=found.tasks,
            requests=found.requests,
            timers=found.timers,
            previous_hash=found.latest_hash,
            from_state=found.order.state,
        )

    async def _load(
        self, work: UnitOfWork, actor: Actor, order_id: str, command: OrderCommand
    ) -> Loaded:
        if not at_hand(work.session, order_id):
            await work.settle()  # an earlier step of the same transaction
        key = command.idempotency_key
        found = await load(work.session, order_id, actor, command.action, key)
        if found is None or not can_see(actor, found.tasks, self.rules):
            raise NotFound("没有这个工单，或您无权查看", order_id=order_id)
        return found

    async def _finish(self, step: Step, command: Command) -> CommandResult:
        await step.finish()
        result = CommandResult(
            order_id=step.order.id,
            order_no=step.order.order_no,
            action=step.action,
            state=step.order.state,
            version=step.order.version,
            **{"task_id": step.task.id if step.task else None, **step.result},
        )
        if command.idempotency_key is not None:
            order_id = "" if step.action is Action.OPEN else step.order.id
            step.work.last.add(_done_row(step, command, order_id, result))
        return result

    async def _done(
        self, work: UnitOfWork, actor: Actor, action: Action, order_id: str, command: Command
    ) -> CommandResult | None:
        """The answer given before to the same key; None when it is new."""
        if command.idempotency_key is None:
            return None
        row = await answer_of(work.session, actor, action, command.idempotency_key)
        if row is None:
            return None
        if row.payload_hash != _payload_hash(order_id, command):
            message = "这个幂等键已用于另一次内容不同的操作"
            raise invalid([{"field": "idempotency_key", "message": message}])
        return CommandResult.model_validate({**row.result, "replayed": True})

    async def forget_done(self, before: datetime) -> int:
        """Drop idempotency keys older than ``before``; returns how many."""
        async with self._store.transaction() as work:
            done = await work.session.execute(delete(DoneCommand).where(DoneCommand.at < before))
        return int(getattr(done, "rowcount", 0))


def _check_version(order: WorkOrder, command: OrderCommand) -> None:
    wanted = command.expected_version
    if wanted is not None and wanted != order.version:
        raise Conflict(
            f"工单 {order.order_no} 在您打开之后已被更新，请刷新后再操作",
            current_version=order.version,
            expected_version=wanted,
        )


def _payload_hash(order_id: str, command: Command) -> str:
    payload = command.model_dump(mode="json", exclude={"idempotency_key"})
    body = canonical_json({"order_id": order_id, "payload": payload})
    return hashlib.sha256(body.encode()).hexdigest()


def _done_row(step: Step, command: Command, order_id: str, result: CommandResult) -> DoneCommand:
    return DoneCommand(
        id=new_id(),
        actor_id=step.actor.id,
        command=step.action.value,
        key=command.idempotency_key,
        payload_hash=_payload_hash(order_id, command),
        result=result.model_dump(mode="json"),
        at=step.now,
    )
