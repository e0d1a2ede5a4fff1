"""What an order is promised: by number, place, another system's deadline, and the law."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from config.limits import CLOCK_LABELS
from config.rules import SHIPPED
from config.service_levels import FILE, load_service_levels, read_service_levels
from dispatch.commands import Amend, Dispatch
from dispatch.promises import Promise, Source
from dispatch.rules import Rules
from dispatch.service import OrderService
from dispatch.terms import promise_for
from models.clock import ManualClock
from models.errors import ConfigurationError
from models.guards import Actor
from models.store import Store
from models.tables import Contact, Task, WorkOrder
from models.vocabulary import Channel, ContactOutcome
from models.workflow import TRANSITIONS
from tests.dispatch.desk import FRIDAY, ZONE, Desk

HANDLE = {"amount": 3, "unit": "WD"}


def desk_with(
    store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor], *policies: Any
) -> Desk:
    """The hotline with these policies before the shipped ones."""
    content = yaml.safe_load((SHIPPED / FILE).read_text(encoding="utf-8"))
    content["policies"] = [*policies, *content["policies"]]
    changed = replace(rules, service_levels=read_service_levels(FILE, content))
    return Desk(OrderService(store, clock, changed), clock, people)


def policy(code: str, match: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"code": code, "name": code, "match": match, "clocks": {"handle": HANDLE}, **more}


async def handling(store: Store, order_id: str) -> Promise:
    """What the lead task is promised; the order says the same."""
    async with store.read() as session:
        task = await session.scalar(select(Task).where(Task.order_id == order_id))
        order = await session.get_one(WorkOrder, order_id)
    assert task is not None
    promise = Promise.from_json(task.clocks["handle"])
    assert order.due_at == task.due_at == promise.due
    assert order.sla_policy == promise.policy
    return promise


def local(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%m-%d %H:%M}"


@pytest.mark.store
async def test_by_the_number_that_was_dialled_and_the_street(
    store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
) -> None:
    street = rules.areas.street_of("蒸湘北路")
    assert street
    enterprise = policy("enterprise", {"access_numbers": ["12345-1"], "areas": [street]})
    desk = desk_with(store, clock, rules, people, enterprise)
    contact = Contact(
        channel=Channel.PHONE,
        access_number="12345-1",
        started_at=FRIDAY,
        outcome=ContactOutcome.SERVED,
    )
    async with store.transaction() as work:
        work.session.add(contact)
    for asked, expected in (
        ({"contact_id": contact.id}, "enterprise"),
        ({"contact_id": contact.id, "place": "某处", "content": "某处的路灯不亮"}, "help"),
        ({}, "help"),
    ):
        order_id = await desk.dispatched(**asked)
        assert (await handling(store, order_id)).policy == expected


@pytest.mark.store
async def test_a_corrected_place_changes_what_is_promised(
    store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
) -> None:
    street = rules.areas.street_of("蒸湘北路")
    desk = desk_with(store, clock, rules, people, policy("here", {"areas": [street]}))
    order_id = (await desk.open(place="", content="家门口的路灯不亮")).order_id
    correction = Amend(reason="诉求人补充了地点", place="蒸湘北路与解放大道交叉口")
    await desk.act("paidan", order_id, correction)
    await desk.act("paidan", order_id, Dispatch(department="D-CG"))
    assert (await handling(store, order_id)).policy == "here"


@pytest.mark.store
async def test_another_systems_deadline_and_the_law(
    store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
) -> None:
    law = policy("law", {"request_types": ["REPORT"]}, statutory="《某办法》第十四条")
    desk = desk_with(store, clock, rules, people, law)
    deadline = FRIDAY + timedelta(days=4, hours=8)
    order_id = await desk.dispatched(external_due=deadline)
    external = await handling(store, order_id)
    assert (external.due, external.source) == (deadline, Source.EXTERNAL)
    assert external.explanation == "按上级平台规定，至2026年11月24日18:00止。"
    by_law = await handling(
        store, await desk.dispatched(external_due=deadline, request_type="REPORT")
    )
    assert (by_law.source, local(by_law.due)) == (Source.COUNTED, "11-25 23:59")
    assert by_law.explanation.startswith(
        "按“law”（《某办法》第十四条）从2026年11月20日起算3个工作日"
    )
    assert by_law.explanation.endswith("（上级平台要求至2026年11月24日18:00止，法定时限优先。）")


@pytest.mark.store
async def test_a_deadline_that_has_passed_is_told_as_it_is(
    store: Store, clock: ManualClock, rules: Rules, people: dict[str, Actor]
) -> None:
    desk = desk_with(store, clock, rules, people)
    order_id = await desk.dispatched(external_due=FRIDAY - timedelta(hours=1))
    late = await handling(store, order_id)
    assert late.due < clock.now()
    assert late.light(clock.now()) == "RED"
    assert late.yellow_at <= late.orange_at <= late.due


def an_order(**changed: Any) -> WorkOrder:
    """Not in a database."""
    usual = {
        "request_type": "HELP",
        "urgency": "NORMAL",
        "channel": "PHONE",
        "category": "C010102",
        "accepted_at": FRIDAY,
        "sla_version": "",
    }
    return WorkOrder(**{**usual, **changed})


@pytest.mark.unit
def test_every_clock_of_every_kind_of_order_has_its_promise(rules: Rules) -> None:
    for urgency in ("NORMAL", "URGENT", "CRITICAL"):
        for clock in CLOCK_LABELS:
            if clock == "progress" and urgency != "CRITICAL":
                continue  # the result is early enough
            made = promise_for(an_order(urgency=urgency), rules, clock, FRIDAY)
            assert made.name == clock
            assert FRIDAY < made.yellow_at <= made.orange_at <= made.due
            assert made.explanation.startswith("按“")


@pytest.mark.unit
def test_a_redo_has_half_the_time_unless_a_policy_gives_it_its_own(
    rules: Rules, tmp_path: Path
) -> None:
    assert promise_for(an_order(), rules, "redo", FRIDAY).amount == 3
    content = yaml.safe_load((SHIPPED / FILE).read_text(encoding="utf-8"))
    content["policies"][-1]["clocks"]["redo"] = {"amount": 4, "unit": "WD"}
    (tmp_path / FILE).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    own = replace(rules, service_levels=load_service_levels(tmp_path))
    assert promise_for(an_order(), own, "redo", FRIDAY).amount == 4


@pytest.mark.unit
def test_every_limit_of_the_transition_table_is_a_clock() -> None:
    named = {row.limit for row in TRANSITIONS if row.limit}
    assert named <= CLOCK_LABELS.keys()


#: 公交集团 works from six to ten in the evening; city office hours end at half past five.
EVENING = FRIDAY.replace(hour=20)


def with_own_hours(rules: Rules, tmp_path: Path, **clocks: dict[str, object]) -> Rules:
    """The shipped limits, but for those clocks."""
    content = yaml.safe_load((SHIPPED / FILE).read_text(encoding="utf-8"))
    content["policies"][-1]["clocks"].update(clocks)
    (tmp_path / FILE).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return replace(rules, service_levels=load_service_levels(tmp_path))


@pytest.mark.unit
def test_a_units_own_hours_count_where_the_policy_says_so(rules: Rules, tmp_path: Path) -> None:
    own = with_own_hours(rules, tmp_path, sign={"amount": 4, "unit": "WH", "hours": "unit"})

    def signed_by(unit: str) -> str:
        made = promise_for(an_order(), own, "sign", EVENING, unit)
        assert Promise.from_json(made.to_json()) == made
        return f"{made.due.astimezone(ZONE):%m-%d %H:%M}"

    assert signed_by("D-GJ") == "11-23 08:00", "two hours are left on Friday, two on Monday"
    assert signed_by("D-CG") == signed_by("") == "11-23 14:30", "it has no hours of its own"
    assert signed_by("D-GA") == "11-21 00:00", "somebody is there day and night"
    words = promise_for(an_order(), own, "sign", EVENING, "D-GJ").explanation
    assert "只计本单位办公时间" in words


@pytest.mark.unit
def test_after_a_pause_the_units_own_hours_still_count(rules: Rules, tmp_path: Path) -> None:
    own = with_own_hours(rules, tmp_path, sign={"amount": 4, "unit": "WH", "hours": "unit"})
    made = promise_for(an_order(), own, "sign", EVENING, "D-GJ")
    paused, resumed = EVENING + timedelta(hours=1), EVENING + timedelta(days=4)  # Tuesday, 20:00
    later = own.promiser.resumed(made, paused, resumed)
    assert f"{later.due.astimezone(ZONE):%m-%d %H:%M}" == "11-25 07:00", "three hours were left"
    assert own.promiser.recounted(later) == later


@pytest.mark.unit
def test_only_office_hours_can_be_a_units_own(rules: Rules, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="只用于工作小时"):
        with_own_hours(rules, tmp_path, sign={"amount": 1, "unit": "WD", "hours": "unit"})
