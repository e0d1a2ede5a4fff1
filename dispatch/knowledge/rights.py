"""Who may do what with an article: by permission, and for whose unit."""

from __future__ import annotations

from dispatch.directory.rights import may, needs
from dispatch.rules import Rules
from dispatch.scope import sees_all
from models.errors import Forbidden
from models.guards import Actor

VIEW, WRITE = "knowledge.view", "knowledge.write"
REVIEW, WITHDRAW = "knowledge.review", "knowledge.withdraw"


def answers_for(rules: Rules, actor: Actor, unit: str) -> bool:
    """Whether the unit's articles are this person's business: the hotline's people keep all."""
    return sees_all(actor, rules) or unit in rules.subtree(actor.department)


def may_for(rules: Rules, actor: Actor, permission: str, unit: str) -> bool:
    """Whether the person may do this with articles of the unit."""
    return may(rules, actor, permission) and answers_for(rules, actor, unit)


def needs_for(rules: Rules, actor: Actor, permission: str, unit: str) -> None:
    """Refuse when the person may not.

    :raises Forbidden: naming who may, or whose it is.
    """
    needs(rules, actor, permission)
    if not answers_for(rules, actor, unit):
        name = rules.unit_name(unit)
        raise Forbidden(
            f"该条目由{name}负责，只能由该单位或热线办理", permission=permission, unit=unit
        )
