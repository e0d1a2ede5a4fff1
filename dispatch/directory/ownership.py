"""Who owns a matter by the catalogue of a day, and whether it may be handed down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from config.catalogue import Rule
from dispatch.rules import Rules
from models.tables import Task, WorkOrder
from models.vocabulary import RequestType


@dataclass(frozen=True, kw_only=True)
class Matter:
    """What the catalogue looks at."""

    category: str
    text: str = ""
    place: str = ""
    request_type: RequestType = RequestType.OTHER


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """The rule that decides, and what it says of this matter."""

    version: str
    rule: Rule
    #: Code of the unit; for "the street of the place" that street.
    unit: str
    #: Street or township of the place; empty: none is known.
    street: str


def owner_of(rules: Rules, matter: Matter, day: date) -> Ownership | None:
    """By the catalogue that held on ``day``; None: no rule decides."""
    catalogue = rules.catalogues.on(day)
    if catalogue is None or matter.category not in rules.taxonomy:
        return None
    street = rules.areas.street_of(matter.place, matter.text)
    decision = catalogue.decide(
        text=matter.text,
        category_line=category_line(rules, matter.category),
        request_type=matter.request_type,
        street=lambda: street,
    )
    if decision is None:
        return None
    return Ownership(
        version=catalogue.version, rule=decision.rule, unit=decision.unit, street=street or ""
    )


def category_line(rules: Rules, code: str) -> tuple[str, ...]:
    """Codes from level 1 down to this category."""
    level = rules.taxonomy.get(code).level
    return tuple(rules.taxonomy.ancestor(code, each).code for each in range(1, level + 1))


def matter_of(order: WorkOrder) -> Matter:
    """What an order says of itself."""
    return Matter(
        category=order.category,
        text="\n".join((order.title, order.content, order.demand)),
        place=order.place,
        request_type=order.request_type,
    )


def kept_by(rules: Rules, order: WorkOrder, task: Task) -> Ownership | None:
    """The rule that lets the task's unit not hand it down; None: it may.

    By the catalogue of the day on which the unit got it: what changes later binds later tasks.
    """
    day = task.dispatched_at.astimezone(rules.zone).date()
    found = owner_of(rules, matter_of(order), day)
    if found is None or not found.rule.keep or found.unit != task.department:
        return None
    return found
