"""Who may change the directory: by permission, and for whose unit."""

from __future__ import annotations

from dispatch.rules import Rules
from dispatch.scope import sees_all
from models.errors import Forbidden
from models.guards import Actor


def may(rules: Rules, actor: Actor, permission: str) -> bool:
    """Whether one of the actor's posts holds it."""
    return permission in rules.permissions.of(actor.usable_roles)


def needs(rules: Rules, actor: Actor, permission: str) -> None:
    """Refuse when none of the actor's posts holds it.

    :raises Forbidden: naming who does.
    """
    if not may(rules, actor, permission):
        holders = "、".join(role.label for role in rules.permissions.holders(permission))
        raise Forbidden(f"您的岗位没有此项权限，可由{holders}办理", permission=permission)


def needs_unit(rules: Rules, actor: Actor, permission: str, department: str) -> None:
    """The same, and for units only their own and those below.

    :raises Forbidden: for another unit's.
    """
    needs(rules, actor, permission)
    if not sees_all(actor, rules) and department not in rules.subtree(actor.department):
        raise Forbidden("只能管理本单位及下级单位的值班", permission=permission)
