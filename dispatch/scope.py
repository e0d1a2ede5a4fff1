"""Whose orders a person sees."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, exists, false, true

from dispatch.rules import Rules
from models.guards import Actor
from models.tables import Task, WorkOrder
from models.vocabulary import Role


def sees_all(actor: Actor, rules: Rules) -> bool:
    """Whether the person's posts open every order."""
    return "order.view_all" in rules.permissions.of(actor.usable_roles)


def own_units(actor: Actor, rules: Rules) -> frozenset[str]:
    """Units whose orders the person sees: their own and those below; none without that post."""
    if "order.view_unit" not in rules.permissions.of(actor.usable_roles):
        return frozenset()
    return rules.subtree(actor.department)


def visible(actor: Actor, rules: Rules) -> ColumnElement[bool]:
    """The condition on orders in a query."""
    if sees_all(actor, rules) or Role.SYSTEM in actor.usable_roles:
        return true()
    units = own_units(actor, rules)
    if not units:
        return false()
    return exists().where(Task.order_id == WorkOrder.id, Task.department.in_(sorted(units)))


def can_see(actor: Actor, tasks: Iterable[Task], rules: Rules) -> bool:
    """The same for one order, given its tasks."""
    if Role.PARTNER in actor.usable_roles:
        return True  # it names orders by its own ids, and dispatch.platform knows no others
    if sees_all(actor, rules) or Role.SYSTEM in actor.usable_roles:
        return True
    units = own_units(actor, rules)
    return any(task.department in units for task in tasks)
