"""From what a reader wants to see to conditions of a query."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased

from dispatch.commands import invalid
from dispatch.numbers import valid_order_no
from dispatch.rules import Rules
from dispatch.scope import visible
from dispatch.views.cursors import decode_cursor
from dispatch.views.shapes import OrderFilter
from models.guards import Actor
from models.tables import OrderEvent, Task, WorkOrder
from models.text_index import may_hold
from models.vocabulary import Light, Role

#: A task of the order, also where the list is of tasks itself.
_Part = aliased(Task)
#: Fewest digits that are looked up as part of a number.
_NUMBER_DIGITS = 4


class Conditions:
    """Conditions for one reader at one moment."""

    def __init__(self, actor: Actor, rules: Rules, now: datetime) -> None:
        self._actor = actor
        self._rules = rules
        self._now = now

    @property
    def sight(self) -> ColumnElement[bool]:
        """What the reader may see at all."""
        return visible(self._actor, self._rules)

    def of(self, wanted: OrderFilter, since: datetime | None = None) -> list[ColumnElement[bool]]:
        """All conditions but :attr:`sight`.

        :param since: of orders accepted then or later only, up to the page's beginning or now.
        :raises InvalidInput: for a category that does not exist.
        """
        found: list[ColumnElement[bool]] = []
        if wanted.states:
            found.append(WorkOrder.state.in_(wanted.states))
        if wanted.request_types:
            found.append(WorkOrder.request_type.in_(wanted.request_types))
        if wanted.urgencies:
            found.append(WorkOrder.urgency.in_(wanted.urgencies))
        if wanted.category:
            found.append(WorkOrder.category.in_(self._leaves(wanted.category)))
        if wanted.departments:
            found.append(self._in_departments(wanted.departments))
        if wanted.lights:
            lights = (light_condition(light, self._now) for light in wanted.lights)
            found.append(or_(*lights))
        if wanted.mine:
            mine = exists().where(
                OrderEvent.order_id == WorkOrder.id, OrderEvent.actor_id == self._actor.id
            )
            found.append(mine)
        if wanted.watched:
            found.append(WorkOrder.watched_at.is_not(None))
        if wanted.q:
            within = (since, page_start(wanted, self._now)) if since else None
            found.append(self._search(wanted.q, within))
        if since:
            found.append(WorkOrder.accepted_at >= since)
        return found + self._accepted_between(wanted)

    def _leaves(self, code: str) -> list[str]:
        taxonomy = self._rules.taxonomy
        if code not in taxonomy:
            raise invalid([{"field": "category", "message": f"没有编码为 {code} 的诉求分类"}])
        level = taxonomy.get(code).level
        return [
            leaf.code
            for leaf in taxonomy.leaves
            if taxonomy.ancestor(leaf.code, level).code == code
        ]

    def _in_departments(self, codes: list[str]) -> ColumnElement[bool]:
        task = exists().where(_Part.order_id == WorkOrder.id, _Part.department.in_(codes))
        return or_(WorkOrder.lead_department.in_(codes), task)

    def _search(self, words: str, within: tuple[datetime, datetime] | None) -> ColumnElement[bool]:
        digits = words.replace(" ", "").replace("-", "")
        if valid_order_no(digits):
            return WorkOrder.order_no == digits
        conditions: list[ColumnElement[bool]] = [
            column.contains(words, autoescape=True)
            for column in (WorkOrder.title, WorkOrder.content, WorkOrder.place)
        ]
        texts = {words}
        if digits.isascii() and digits.isdigit() and len(digits) >= _NUMBER_DIGITS:
            conditions.append(WorkOrder.order_no.contains(digits))
            conditions.append(self._phone_is(digits))
            texts.add(digits)
        return and_(may_hold(WorkOrder.id, *sorted(texts), within=within), or_(*conditions))

    def _phone_is(self, digits: str) -> ColumnElement[bool]:
        """By part of a number for those who may read numbers, else by the whole number only."""
        clear = "caller.clear" in self._rules.permissions.of(self._actor.usable_roles)
        columns = (WorkOrder.caller_phone, WorkOrder.callback_phone)
        hit = or_(*(c.endswith(digits) if clear else c == digits for c in columns))
        if Role.FOLLOW_UP in self._actor.usable_roles:
            return hit
        # A search must not tell who made a confidential report.
        return and_(hit, WorkOrder.confidential.is_(False))

    def _accepted_between(self, wanted: OrderFilter) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if wanted.accepted_from:
            found.append(WorkOrder.accepted_at >= self._midnight(wanted.accepted_from))
        if wanted.accepted_to:
            after = wanted.accepted_to + timedelta(days=1)
            found.append(WorkOrder.accepted_at < self._midnight(after))
        return found

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._rules.zone).astimezone(UTC)


def page_start(wanted: OrderFilter, now: datetime) -> datetime:
    """Of a list of the newest: its page holds nothing that was accepted later."""
    return decode_cursor(wanted.cursor)[0] if wanted.cursor else now


def light_condition(light: Light, now: datetime) -> ColumnElement[bool]:
    """Orders whose running clock shows this light."""
    yellow, orange, red = (
        WorkOrder.light_yellow_at,
        WorkOrder.light_orange_at,
        WorkOrder.light_red_at,
    )
    match light:
        case Light.NONE:
            return red.is_(None)
        case Light.RED:
            return red < now
        case Light.ORANGE:
            return and_(red >= now, orange <= now)
        case Light.YELLOW:
            return and_(red >= now, orange > now, yellow <= now)
        case Light.GREEN:
            return and_(red >= now, orange > now, yellow > now)
