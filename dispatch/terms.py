"""Under which policies an order stands, and what they promise it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from config.limits import Limit
from config.policies import Demand, Terms
from config.service_levels import ServiceLevels
from dispatch.due_words import moment_text
from dispatch.promiser import redo_limit
from dispatch.promises import Promise
from dispatch.rules import Rules
from models.tables import WorkOrder
from models.vocabulary import Difficulty, LimitUnit


def demand_of(order: WorkOrder) -> Demand:
    """What of the order its limits depend on."""
    return Demand(
        request_type=order.request_type,
        urgency=order.urgency,
        channel=order.channel,
        category=order.category,
        difficulty=order.difficulty or Difficulty.ORDINARY,
        access_number=order.access_number or "",
        area=order.area or "",
        external_due=order.external_due,
    )


def levels_of(order: WorkOrder, rules: Rules) -> ServiceLevels:
    """The service levels that the order was opened under."""
    return rules.levels_of(order.sla_version or "", order.accepted_at)


def terms_of(order: WorkOrder, rules: Rules) -> Terms:
    """The policies that the order falls under as it now is."""
    return levels_of(order, rules).terms_for(demand_of(order))


def promise_for(
    order: WorkOrder, rules: Rules, clock: str, start: datetime, department: str = ""
) -> Promise:
    """The promise of a clock (``config.limits.CLOCK_LABELS``) that starts at ``start``.

    ``department``: the unit that is held to it, where its own office hours may count.

    The deadline of another system counts for handling, unless the law sets one. ``redo`` without a
    limit of its own gets its share of ``handle``, an order given out as long as a unit would have.
    """
    levels = levels_of(order, rules)
    terms, promiser = levels.terms_for(demand_of(order)), rules.promiser_of(levels)
    if clock == "redo" and not terms.has("redo"):
        limit, policy = redo_limit(terms.limit("handle"), levels.redo), terms.policy("handle")
        limit = _in_hours_of(limit, department, rules)
        return promiser.make(clock, start, limit, policy)
    counted = "handle" if clock == "transfer_answer" and not terms.has(clock) else clock
    limit, policy = _in_hours_of(terms.limit(counted), department, rules), terms.policy(counted)
    if clock != "handle" or terms.external_due is None:
        return promiser.make(clock, start, limit, policy)
    if terms.external_counts:
        return promiser.external(clock, start, terms.external_due, limit, policy)
    made = promiser.make(clock, start, limit, policy)
    asked = moment_text(rules.counter.local(terms.external_due))
    return replace(
        made, explanation=f"{made.explanation}（上级平台要求至{asked}止，法定时限优先。）"
    )


def _in_hours_of(limit: Limit, department: str, rules: Rules) -> Limit:
    """The limit in the unit's own office hours, where the policy says so and it has any.

    Where somebody works day and night, an office hour is an hour.
    """
    if not limit.own_hours or department not in rules.departments:
        return limit
    unit = rules.departments.get(department)
    if unit.always_open:
        return replace(limit, unit=LimitUnit.NH)
    return replace(limit, hours=unit.hours)


def twice(order: WorkOrder, rules: Rules, promise: Promise) -> Promise:
    """The promise with double its limit."""
    levels = levels_of(order, rules)
    policy = levels.terms_for(demand_of(order)).policy(promise.name)
    name, limit = f"{promise.name}_twice", promise.limit.times(2)
    return rules.promiser_of(levels).make(name, promise.start, limit, policy)
