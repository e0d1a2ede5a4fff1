"""The dispatcher's clock: an order that comes back to the dispatcher has not come anew.

It stands still while the citizen is asked for what is missing, and goes on with what was left.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from dispatch.promises import Promise
from dispatch.terms import levels_of, promise_for
from models.vocabulary import OrderState

if TYPE_CHECKING:
    from dispatch.step import Step


def dispatch_promise(step: Step) -> Promise:
    """The promise of the order's wait for the dispatcher, as it enters it or is corrected there."""
    match step.from_state:
        case OrderState.TO_DISPATCH:
            return _corrected(step, _before(step))
        case OrderState.TO_SUPPLEMENT:
            return _resumed(step, _before(step))
        case OrderState.MERGED if _waits_still(step):
            return _resumed(step, _before(step))
    return promise_for(step.order, step.rules, "dispatch", step.now)


def _before(step: Step) -> Promise:
    return Promise.from_json(step.order.clocks["dispatch"])


def _corrected(step: Step, before: Promise) -> Promise:
    """What is corrected has waited all the time; once it has stood still, it does not move on."""
    promise = promise_for(step.order, step.rules, "dispatch", before.start)
    if before.whole is None or promise.due <= before.due:
        return replace(promise, whole=None if before.whole is None else promise.amount)
    words = "曾暂停计时，更正后派单时限不推后。"
    due = replace(before, whole=promise.amount, policy=promise.policy)
    return replace(due, explanation=f"{promise.explanation}{words}")


def _waits_still(step: Step) -> bool:
    """Whether nobody had dispatched it when it was merged."""
    sent = step.order.dispatched_at
    return sent is None or sent < _before(step).start


def _resumed(step: Step, before: Promise) -> Promise:
    """What was left when the citizen was asked, if that was since it last waited; merged into
    another order by mistake, it has waited all the time."""
    asked = _asked_at(step)
    if asked is None:
        return before
    promiser = step.rules.promiser_of(levels_of(step.order, step.rules))
    return promiser.resumed(before, min(asked, step.now), step.now)


def _asked_at(step: Step) -> datetime | None:
    clock = step.order.clocks.get("supplement")
    if clock is None:
        return None
    asked = Promise.from_json(clock).start
    parted = step.from_state is OrderState.MERGED
    return asked if not parted or asked > _before(step).start else None
