"""The manager's report: worked example, honest small numbers, and an independent recount."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from config.scoring import load_scoring
from dispatch.commands import Dispatch, RecordFollowUp, SignFor
from dispatch.reports import figures
from dispatch.reports.facts import Facts, OpinionFact
from dispatch.reports.report import Report, Reports, Share, UnitLine
from dispatch.rules import Rules
from models.clock import ManualClock
from models.errors import Forbidden, InvalidInput, NotFound
from models.guards import Actor
from models.store import Store
from models.vocabulary import Satisfaction, SolvedByCaller
from tests.dispatch.desk import FRIDAY, HAPPY, RANG, ZONE, Desk, back, called

WEEK = (date(2026, 11, 16), date(2026, 11, 22))


@pytest.fixture
def reports(store: Store, clock: ManualClock, rules: Rules) -> Reports:
    return Reports(store, clock, rules)


def opinions(contacted: int, solved: int, grades: dict[str, int]) -> Facts:
    """Valid follow-ups of one unit: so many contacted, solved, and graded so."""
    listed = [Satisfaction(grade) for grade, count in grades.items() for _ in range(count)]
    rows = [
        OpinionFact(
            order_id=f"o{n}",
            department="D-CG",
            contacted=n < contacted,
            solved=SolvedByCaller.SOLVED if n < solved else SolvedByCaller.UNSOLVED,
            satisfaction=grade,
        )
        for n, grade in enumerate(listed)
    ]
    return Facts(orders=(), tasks=(), opinions=rows, scores=())


# --- formulas ----------------------------------------------------------------------------------


@pytest.mark.unit
def test_worked_example_of_the_period_formula() -> None:
    """40 valid, 40 contacted, 34 solved, 30 satisfied and 6 fairly: 87.9."""
    scoring = load_scoring()
    facts = opinions(40, 34, {"SATISFIED": 30, "FAIRLY": 6, "DISSATISFIED": 4})
    rates = {
        "response": figures.response(facts),
        "resolution": figures.resolution(facts),
        "satisfaction": figures.satisfaction(facts, scoring.satisfaction_values),
    }
    assert [rate.value for rate in rates.values()] == [1.0, 0.85, pytest.approx(0.885)]
    assert figures.period_score(rates, scoring) == 87.9


@pytest.mark.unit
def test_no_valid_follow_up_is_no_score_rather_than_zero() -> None:
    scoring = load_scoring()
    empty = figures.response(opinions(0, 0, {}))
    rates = dict.fromkeys(("response", "resolution", "satisfaction"), empty)
    assert empty.value is None
    assert empty.interval is None
    assert figures.period_score(rates, scoring) is None


@pytest.mark.unit
@pytest.mark.parametrize(("hits", "of"), [(0, 10), (5, 10), (10, 10), (35.4, 40), (81, 263)])
def test_wilson_interval_is_what_its_definition_says(hits: float, of: int) -> None:
    """Its ends are the shares that lie 1.96 of their own standard errors from what was seen."""
    for end in figures.wilson(hits, of):
        distance = (hits / of - end) ** 2
        assert distance == pytest.approx(1.959964**2 * end * (1 - end) / of, abs=1e-6)


@pytest.mark.unit
def test_wilson_interval_of_few_is_wide() -> None:
    low, high = figures.wilson(5, 10)
    assert (round(low, 3), round(high, 3)) == (0.237, 0.763)
    assert figures.wilson(0, 10)[0] == pytest.approx(0)
    assert figures.wilson(10, 10)[1] == pytest.approx(1)


# --- who and when ------------------------------------------------------------------------------


@pytest.mark.store
async def test_only_managers_read_reports(reports: Reports, people: dict[str, Actor]) -> None:
    await reports.report(people["zhuren"], *WEEK)
    await reports.report(people["banzhang"], *WEEK)
    for who in ("huawu1", "chengguan", "admin"):
        with pytest.raises(Forbidden, match="报表只对班长、热线办负责人开放"):
            await reports.report(people[who], *WEEK)


@pytest.mark.store
async def test_impossible_periods_are_named(reports: Reports, people: dict[str, Actor]) -> None:
    with pytest.raises(InvalidInput, match="截止日期不能早于起始日期"):
        await reports.report(people["zhuren"], WEEK[1], WEEK[0])
    with pytest.raises(InvalidInput, match="不能超过一年"):
        await reports.report(people["zhuren"], date(2024, 1, 1), date(2026, 1, 1))
    with pytest.raises(NotFound, match="报表中没有这个数字"):
        await reports.orders(people["zhuren"], *WEEK, "unit.D-NO.received")


@pytest.mark.store
async def test_empty_week_is_a_report_of_nothing(
    reports: Reports, people: dict[str, Actor]
) -> None:
    report = await reports.report(people["zhuren"], *WEEK)
    assert report.orders.value == 0
    assert report.units == []
    assert report.total.score is None
    assert report.answered.value is None


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.store
async def test_week_of_three_demands(
    desk: Desk, reports: Reports, people: dict[str, Actor]
) -> None:
    answer = "可到社区便民服务中心办理。"
    await desk.open(answered=True, public_answer=answer, request_type="CONSULTATION")
    await desk.follow_up(await desk.approved(), **HAPPY)
    await desk.dispatched(department="D-HB", category="C020101")
    desk.later(days=30)
    report = await reports.report(people["zhuren"], *WEEK)
    assert report.orders.value == 3
    assert report.answered.value == pytest.approx(1 / 3)
    assert {row.label: row.value for row in report.by_type} == {"求助": 2, "咨询": 1}
    assert {row.label: row.value for row in report.by_category} == {"城乡建设": 2, "环境保护": 1}
    assert {row.label: row.value for row in report.by_channel} == {"电话": 3}
    lamp, noise = report.units
    assert (lamp.name, lamp.group, lamp.received.value, lamp.score) == (
        "区城管局",
        "区直部门",
        1,
        100.0,
    )
    assert lamp.too_few
    assert lamp.closure_score is not None
    # Nobody signed: known to be late, and shown as such.
    assert (noise.signed.value, noise.signed.of, noise.contacted.value) == (0.0, 1, 0.0)
    assert noise.score is None
    (late,) = await reports.orders(people["zhuren"], *WEEK, noise.signed.misses_cell)
    assert late.lead_department == "D-HB"


@pytest.mark.store
async def test_what_is_not_yet_due_is_neither_good_nor_bad(
    desk: Desk, reports: Reports, people: dict[str, Actor]
) -> None:
    await desk.dispatched()
    report = await reports.report(people["zhuren"], *WEEK)
    (line,) = report.units
    assert (line.received.value, line.signed.of, line.contacted.of) == (1, 0, 0)


@pytest.mark.store
async def test_leaving_it_open_does_not_hide_lateness(
    desk: Desk, reports: Reports, people: dict[str, Actor]
) -> None:
    order_id = await desk.submitted()
    await desk.act("shenhe", order_id, back("没有回应诉求"))
    desk.later(days=10)  # sent back, and never handed in again
    due_week = (date(2026, 11, 23), date(2026, 11, 29))
    (line,) = (await reports.report(people["zhuren"], *due_week)).units
    assert (line.on_time.value, line.on_time.of) == (0.0, 1)


@pytest.mark.store
async def test_last_word_of_the_citizen_counts_and_redo_is_counted(
    desk: Desk, reports: Reports, people: dict[str, Actor]
) -> None:
    order_id = await desk.approved()
    await desk.redo(order_id)
    await desk.act("chengguan", order_id, SignFor())
    await desk.submit(order_id)
    await desk.approve(order_id)
    desk.later(minutes=1)
    await desk.follow_up(order_id, **HAPPY)
    (line,) = (await reports.report(people["zhuren"], *WEEK)).units
    assert (line.received.value, line.redone.value) == (1, 1)
    assert (line.resolution.value, line.resolution.of) == (1.0, 1)


@pytest.mark.store
async def test_formulas_are_in_words_beside_the_columns(
    reports: Reports, people: dict[str, Actor]
) -> None:
    report = await reports.report(people["zhuren"], *WEEK)
    formulas = {column.code: column.formula for column in report.columns}
    assert formulas["score"] == ("响应率×10＋解决率×50＋满意率×40，满分100分，保留一位小数")
    assert "基本满意计0.9" in formulas["satisfaction"]
    shown = set(UnitLine.model_fields) - {"department", "name", "group", "too_few", "closed"}
    assert shown == set(formulas)


# --- recount -----------------------------------------------------------------------------------

UNITS = {"D-CG": "chengguan", "D-RS": "renshe", "D-HB": "huanbao", "D-J-ZX": "zhengxiang"}


async def weeks_of_work(desk: Desk, seed: int, orders: int) -> None:
    """A made-up history: orders go different ways at different speeds."""
    dice = random.Random(seed)
    start = FRIDAY - timedelta(days=20)
    for _ in range(orders):
        desk.clock.set(start + timedelta(minutes=dice.randrange(18 * 24 * 60)))
        await _one_order(desk, dice)
    desk.clock.set(FRIDAY + timedelta(days=6))


async def _one_order(desk: Desk, dice: random.Random) -> None:
    department = dice.choice(list(UNITS))
    clerk = UNITS[department]
    wish: dict[str, Any] = {
        "request_type": dice.choice(["HELP", "COMPLAINT", "CONSULTATION", "REPORT"]),
        "urgency": dice.choice(["NORMAL", "NORMAL", "URGENT"]),
        "category": dice.choice(["C010102", "C020101", "C010202"]),
    }
    if dice.random() < 0.3:
        wish |= {"request_type": "CONSULTATION"}  # the only sort that is answered on the spot
        await desk.open(answered=True, public_answer="可到社区便民服务中心办理。", **wish)
        return
    order_id = (await desk.open(**wish)).order_id
    stop = dice.random()
    if stop < 0.05:
        return
    desk.later(minutes=dice.randrange(600))
    await desk.act("paidan", order_id, Dispatch(department=department))
    if stop < 0.1:
        return
    if stop < 0.15 and wish["request_type"] != "REPORT":
        await desk.withdrawn(order_id)
        return
    await _handle(desk, dice, order_id, clerk)


async def _handle(desk: Desk, dice: random.Random, order_id: str, clerk: str) -> None:
    for _round in range(3):
        desk.later(hours=dice.choice([1, 4, 30]))
        await desk.act(clerk, order_id, SignFor())
        if dice.random() < 0.8:
            desk.later(hours=dice.choice([1, 30, 60]))
            reached = dice.random() < 0.9
            command = called(reached)
            await desk.act(clerk, order_id, command)
        desk.later(hours=dice.choice([2, 20, 90, 200]))
        await desk.submit(order_id, who=clerk)
        if dice.random() < 0.2:
            await desk.act("shenhe", order_id, back("没有回应诉求"))
            if dice.random() < 0.3:
                return
            desk.later(hours=5)
            await desk.submit(order_id, who=clerk)
        passed = await desk.approve(order_id)
        if passed.state == "CLOSED" or not await _ask(desk, dice, order_id):
            return


async def _ask(desk: Desk, dice: random.Random, order_id: str) -> bool:
    """Ask the citizen; True when it is to be done again."""
    if dice.random() < 0.2:
        for _ in range(5):
            desk.later(hours=7)
            if (await desk.follow_up(order_id, reached=False)).state == "CLOSED":
                return False
    answers = {
        "reached": True,
        "contacted": dice.random() < 0.8,
        "solved": dice.choice(["SOLVED", "SOLVED", "PARTLY", "UNSOLVED"]),
        "satisfaction": dice.choice([grade.value for grade in Satisfaction]),
        "evidence": RANG,
    }
    unhappy = answers["solved"] == "UNSOLVED" and "DIS" in str(answers["satisfaction"])
    redo = unhappy and dice.random() < 0.8
    command = {**answers, "redo": redo, "redo_reason": "没有解决" if redo else ""}
    try:
        done = await desk.act("huifang", order_id, RecordFollowUp.model_validate(command))
    except InvalidInput:  # redone twice already
        done = await desk.act("huifang", order_id, RecordFollowUp.model_validate(answers))
    return done.state == "REDO"


def rows(store: Store, query: str) -> list[dict[str, Any]]:
    """Plain SQL, past every layer of ours."""
    name = make_url(store.url).database
    assert name is not None
    connection = sqlite3.connect(name)
    connection.row_factory = sqlite3.Row
    found = [dict(row) for row in connection.execute(query)]
    connection.close()
    return found


def moment(micros: int | None) -> datetime | None:
    """SQLite's file holds microseconds."""
    return datetime.fromtimestamp(micros / 1_000_000, UTC) if micros else None


def within(micros: int | None, period: tuple[date, date]) -> bool:
    found = moment(micros)
    return found is not None and period[0] <= found.astimezone(ZONE).date() <= period[1]


def early(done: int | None, due: int) -> bool:
    return done is not None and done <= due


def recount_unit(store: Store, unit: str, period: tuple[date, date], now: int) -> dict[str, Any]:
    """The line of one unit, counted a second way."""
    tasks = [
        row
        for row in rows(
            store,
            "SELECT t.*, o.confidential FROM tasks t JOIN orders o ON o.id = t.order_id "
            f"WHERE t.department = '{unit}' AND t.state <> 'CANCELLED'",
        )
    ]
    sent = [row for row in tasks if within(row["dispatched_at"], period)]
    signed = [row for row in sent if row["signed_at"] or row["sign_due"] < now]
    reachable = [
        row
        for row in sent
        if not row["confidential"] and (row["first_contacted_at"] or row["first_contact_due"] < now)
    ]
    handed_in = {
        row["id"]: row["submitted_at"] if row["state"] != "SENT_BACK" else None for row in tasks
    }
    due = [
        row
        for row in tasks
        if within(row["due_at"], period) and (handed_in[row["id"]] or row["due_at"] < now)
    ]
    said = {
        row["order_id"]: row
        for row in rows(
            store,
            "SELECT f.*, t.department FROM follow_ups f JOIN tasks t ON t.id = f.task_id "
            "WHERE f.reached ORDER BY f.at",
        )
        if within(row["at"], period)
    }
    mine = [row for row in said.values() if row["department"] == unit]
    value = {"VERY_SATISFIED": 1, "SATISFIED": 1, "FAIRLY": 0.9, "NEUTRAL": 0.6}
    scores = [
        row["score"]
        for row in rows(
            store,
            "SELECT s.score, o.closed_at FROM closure_scores s JOIN orders o "
            f"ON o.id = s.order_id WHERE o.lead_department = '{unit}'",
        )
        if within(row["closed_at"], period)
    ]
    return {
        "received": len([row for row in sent if not row["redo_of"]]),
        "redone": len([row for row in sent if row["redo_of"]]),
        "signed": (sum(early(r["signed_at"], r["sign_due"]) for r in signed), len(signed)),
        "contacted": (
            sum(early(r["first_contacted_at"], r["first_contact_due"]) for r in reachable),
            len(reachable),
        ),
        "on_time": (sum(early(handed_in[r["id"]], r["due_at"]) for r in due), len(due)),
        "response": (sum(row["contacted"] for row in mine), len(mine)),
        "resolution": (sum(row["solved"] == "SOLVED" for row in mine), len(mine)),
        "satisfaction": (
            round(sum(value.get(row["satisfaction"], 0) for row in mine), 6),
            len(mine),
        ),
        "closed": len(scores),
        "mean": round(sum(scores) / len(scores), 6) if scores else None,
    }


def counted(line: UnitLine) -> dict[str, Any]:
    """A line of the report in the same form."""

    def pair(share: Share) -> tuple[float, int]:
        return round(share.hits, 6), share.of

    names = ("signed", "contacted", "on_time", "response", "resolution", "satisfaction")
    return {
        "received": line.received.value,
        "redone": line.redone.value,
        **{name: pair(getattr(line, name)) for name in names},
        "closed": line.closed.value,
    }


PERIODS = [
    (date(2026, 10, 31), date(2026, 11, 30)),
    (date(2026, 11, 9), date(2026, 11, 15)),
    (date(2026, 11, 20), date(2026, 11, 20)),
]


@pytest.mark.store
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the recount reads its file
@pytest.mark.parametrize("seed", [1, 2])
async def test_every_number_stands_up_to_a_recount(
    desk: Desk, reports: Reports, store: Store, people: dict[str, Actor], seed: int
) -> None:
    await weeks_of_work(desk, seed, 45)
    now = round(desk.clock.now().timestamp() * 1_000_000)
    for period in PERIODS:
        report = await reports.report(people["zhuren"], *period)
        orders = [
            row for row in rows(store, "SELECT * FROM orders") if within(row["accepted_at"], period)
        ]
        assert report.orders.value == len(orders)
        answered = sum(row["close_reason"] == "ANSWERED" for row in orders)
        assert report.answered.hits == answered
        for kind, slices in (("request_type", report.by_type), ("channel", report.by_channel)):
            assert {s.code: s.value for s in slices} == {
                code: sum(row[kind] == code for row in orders)
                for code in {row[kind] for row in orders}
            }
        for line in report.units:
            again = recount_unit(store, line.department, period, now)
            mean = again.pop("mean")
            assert counted(line) == again, line.name
            assert line.closure_score == (None if mean is None else pytest.approx(mean, abs=0.051))
        await every_number_opens(reports, people["zhuren"], period, report)


async def every_number_opens(
    reports: Reports, reader: Actor, period: tuple[date, date], report: Report
) -> None:
    """Each number opens to as many orders (an order twice in it is listed once)."""
    for line in [*report.units, report.total]:
        named, _ = await reports.opened(reader, *period, line.on_time.misses_cell)
        assert (named.label, named.parts) == ("按时办结率", [line.name])
        for number in (line.received, line.closed):
            found = await reports.orders(reader, *period, number.cell)
            assert len(found) == number.value
        for share in (line.resolution, line.response):
            assert len(await reports.orders(reader, *period, share.cell)) == share.of
            assert len(await reports.orders(reader, *period, share.hits_cell)) == share.hits
            missed = await reports.orders(reader, *period, share.misses_cell)
            assert len(missed) == share.of - share.hits
    assert report.total.received.value == sum(line.received.value for line in report.units)
    assert report.total.resolution.of == sum(line.resolution.of for line in report.units)
