"""Lists, badges, searches and single orders, as the console asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bench.orders.people import AGENT, AUDITOR, DISPATCHER, FOLLOW_UP, LEADER, clerk
from bench.orders.samples import Reading, Sample
from dispatch.rules import Rules
from dispatch.views.detail import OrderDetails
from dispatch.views.lists import OrderLists
from dispatch.views.queues import Queues
from dispatch.views.shapes import OrderFilter
from models.clock import Clock
from models.guards import Actor
from models.store import Store
from models.workflow import OPEN_STATES, UNIT_AT_WORK

_PAGE = 51
_BRIEF = "id, order_no, title, accepted_at"
_AT_WORK = [state.value for state in UNIT_AT_WORK]
_STILL_OPEN = [state.value for state in OPEN_STATES]
_NEWEST = f"ORDER BY accepted_at DESC LIMIT {_PAGE}"
_INBOX = (
    "SELECT t.id, t.state, t.due_at, o.order_no, o.title FROM tasks t "
    "JOIN orders o ON o.id = t.order_id WHERE t.department = $1 AND t.state = ANY($2) "
    f"ORDER BY t.due_at, t.id LIMIT {_PAGE}"
)
_BOXES = (
    "SELECT state, count(*) FROM tasks WHERE department = $1 AND state = ANY($2) GROUP BY state"
)
_DESKS = "SELECT count(*) FROM orders WHERE state = ANY($1) AND light_red_at < $2"
_DESK = f"SELECT {_BRIEF} FROM orders WHERE state = $1 ORDER BY light_red_at, id LIMIT {_PAGE}"
_OF_UNIT = (
    f"SELECT {_BRIEF} FROM orders o WHERE EXISTS (SELECT FROM tasks t WHERE t.order_id = o.id "
    f"AND t.department = $1) {_NEWEST}"
)
_TEXT = f"SELECT {_BRIEF} FROM orders WHERE content LIKE $1 {_NEWEST}"
_PLACE = f"SELECT {_BRIEF} FROM orders WHERE place LIKE $1 {_NEWEST}"
_PHONE = f"SELECT {_BRIEF} FROM orders WHERE caller_phone = $1 {_NEWEST}"
_NUMBER = "SELECT * FROM orders WHERE order_no = $1"
_ORDER = "SELECT * FROM orders WHERE id = $1"
_EVENTS = "SELECT * FROM order_events WHERE order_id = $1 ORDER BY seq"


def readings(store: Store, clock: Clock, rules: Rules) -> list[Reading]:
    """All of them, on one database."""
    queues, lists = Queues(store, clock, rules), OrderLists(store, clock, rules)
    now = clock.now()
    return [
        *_of_units(queues, lists),
        *_of_desks(queues, lists, now),
        *_searches(lists),
        *_orders(OrderDetails(store, clock, rules)),
    ]


def _of_units(queues: Queues, lists: OrderLists) -> list[Reading]:
    own = _list_of(lists, OrderFilter())
    return [
        Reading(
            name="a unit's inbox",
            ours=lambda s: queues.unit_inbox(clerk(s.unit)),
            bare=[(_INBOX, lambda s: (clerk(s.unit).department, _AT_WORK))],
        ),
        Reading(
            name="a unit's badges",
            ours=lambda s: queues.badges(clerk(s.unit)),
            bare=[(_BOXES, lambda s: (clerk(s.unit).department, _AT_WORK))],
        ),
        Reading(
            name="a unit's orders, the newest",
            ours=lambda s: own(clerk(s.unit)),
            bare=[(_OF_UNIT, lambda s: (clerk(s.unit).department,))],
        ),
    ]


def _of_desks(queues: Queues, lists: OrderLists, now: datetime) -> list[Reading]:
    every = _list_of(lists, OrderFilter())
    return [
        Reading(
            name="the shift leader's badges",
            ours=lambda _: queues.badges(LEADER),
            bare=[(_DESKS, lambda _: (_STILL_OPEN, now))],
        ),
        _desk("the dispatcher's queue", "TO_DISPATCH", lambda: queues.dispatch_queue(DISPATCHER)),
        _desk("the auditor's queue", "TO_AUDIT", lambda: queues.audit_queue(AUDITOR)),
        _desk("the follow-up queue", "TO_FOLLOW_UP", lambda: queues.follow_up_queue(FOLLOW_UP)),
        Reading(
            name="all orders, the newest",
            ours=lambda _: every(DISPATCHER),
            bare=[(f"SELECT {_BRIEF} FROM orders {_NEWEST}", lambda _: ())],
        ),
    ]


def _desk(name: str, state: str, ours: Callable[[], Awaitable[object]]) -> Reading:
    return Reading(name=name, ours=lambda _: ours(), bare=[(_DESK, lambda _: (state,))])


def _searches(lists: OrderLists) -> list[Reading]:
    def search(who: Actor, words: Callable[[Sample], str]) -> Callable[[Sample], Awaitable[object]]:
        return lambda s: lists.orders(who, OrderFilter(q=words(s)))

    return [
        Reading(
            name="search: a common word",
            ours=search(AGENT, lambda s: s.common),
            bare=[(_TEXT, lambda s: (f"%{s.common}%",))],
        ),
        Reading(
            name="search: a clause",
            ours=search(AGENT, lambda s: s.words),
            bare=[(_TEXT, lambda s: (f"%{s.words}%",))],
        ),
        Reading(
            name="search: a place",
            ours=search(AGENT, lambda s: s.place),
            bare=[(_PLACE, lambda s: (f"{s.place}%",))],
        ),
        Reading(
            name="search: a place, by a unit",
            ours=lambda s: lists.orders(_clerk_of(s), OrderFilter(q=s.place)),
            bare=[(_PLACE, lambda s: (f"{s.place}%",))],
        ),
        Reading(
            name="search: a phone number",
            ours=search(AGENT, lambda s: s.phone),
            bare=[(_PHONE, lambda s: (s.phone,))],
        ),
        Reading(
            name="search: an order number",
            ours=search(AGENT, lambda s: s.order_no),
            bare=[(_NUMBER, lambda s: (s.order_no,))],
        ),
    ]


def _orders(details: OrderDetails) -> list[Reading]:
    return [
        Reading(
            name="an order with its timeline, opened by the office",
            ours=lambda s: details.order(DISPATCHER, s.order_id),
            bare=[(_ORDER, _by_id), (_EVENTS, _by_id)],
        ),
        Reading(
            name="an order with its timeline, opened by its unit",
            ours=lambda s: details.order(_clerk_of(s), s.order_id),
            bare=[(_ORDER, _by_id), (_EVENTS, _by_id)],
        ),
        Reading(
            name="an order by its number",
            ours=lambda s: details.order_by_no(AGENT, s.order_no),
            bare=[(_NUMBER, lambda s: (s.order_no,)), (_EVENTS, _by_id)],
        ),
    ]


def _by_id(sample: Sample) -> tuple[object, ...]:
    return (sample.order_id,)


def _clerk_of(sample: Sample) -> Actor:
    return clerk(int(sample.department[-3:]))


def _list_of(lists: OrderLists, wanted: OrderFilter) -> Callable[[Actor], Awaitable[object]]:
    return lambda who: lists.orders(who, wanted)
