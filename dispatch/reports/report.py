"""The manager's report of a period, and opening any of its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from pydantic import BaseModel
from sqlalchemy import select

from dispatch.reports import figures
from dispatch.reports.facts import Facts, OrderFact, Period, read_facts
from dispatch.reports.figures import Rate
from dispatch.reports.opened import OpenedFigure
from dispatch.rules import Rules
from dispatch.views.rows import order_row
from dispatch.views.shapes import OrderRow
from models.clock import Clock
from models.errors import Forbidden, NotFound
from models.guards import Actor
from models.store import Store
from models.tables import WorkOrder

TOTAL = "total"
_ORDERS = OpenedFigure(label="受理工单", words="期内受理登记的工单数")
_ANSWERED = OpenedFigure(label="直接答复率", words="直接答复办结的工单数÷受理工单数")
_WITHDRAWN = OpenedFigure(label="撤单", words="期内受理登记、已撤单的工单数")
_ACCURATE = OpenedFigure(
    label="派单准确率", words="派出后没有因派错单位而退单的工单数÷期内派出的工单数"
)
_SLICES = {"channel": "受理渠道", "type": "诉求类型", "category": "诉求分类"}
#: Of a share: the whole sample needs no words; what counts, what does not.
_COUNTED = {"": "", ".hits": "分子", ".misses": "未计入分子"}
_PAGE = 500


class Number(BaseModel):
    """A count that can be opened with ``cell``."""

    value: int
    cell: str


class Slice(Number):
    """One part of a whole."""

    code: str
    label: str
    #: Of all; None of nothing.
    share: float | None


class Share(BaseModel):
    """A rate with its sample and its 95 % interval. Shares are between 0 and 1."""

    value: float | None
    #: Weighted where the formula weighs.
    hits: float
    of: int
    low: float | None
    high: float | None
    #: Open what counts, what does not, and the whole sample.
    hits_cell: str
    misses_cell: str
    cell: str


class Column(BaseModel):
    """What a column means, in words."""

    code: str
    label: str
    formula: str


class UnitLine(BaseModel):
    """One unit."""

    department: str
    name: str
    #: Group of comparison: 区直部门, 街道乡镇 …
    group: str
    received: Number
    redone: Number
    #: Sent to it, and not its own: counts against whoever sent it.
    misdirected: Number
    suspended: Number
    signed: Share
    contacted: Share
    on_time: Share
    response: Share
    resolution: Share
    satisfaction: Share
    score: float | None
    #: Fewer valid follow-ups than the rule set asks for: not to be compared.
    too_few: bool
    closure_score: float | None
    closed: Number


class SenderLine(BaseModel):
    """Whoever sent orders to units."""

    staff_id: str
    name: str
    sent: Number
    #: To a unit that gave it back, and rightly so.
    wrong: Number
    accurate: Share


class Report(BaseModel):
    """The first manager's report."""

    first: date
    last: date
    made_at: datetime
    rule_version: str
    orders: Number
    answered: Share
    withdrawn: Number
    by_channel: list[Slice]
    by_type: list[Slice]
    #: First level of the taxonomy.
    by_category: list[Slice]
    columns: list[Column]
    units: list[UnitLine]
    total: UnitLine
    #: Dispatchers, those who sent most first.
    senders: list[SenderLine]
    notes: list[str]


class Sheet:
    """A report together with the orders behind every number. Pure: made from facts."""

    def __init__(self, facts: Facts, period: Period, rules: Rules, now: datetime) -> None:
        #: Order ids of every number, by its cell.
        self.cells: dict[str, tuple[str, ...]] = {}
        #: What each of them is.
        self.opened: dict[str, OpenedFigure] = {}
        self._facts = facts
        self._period = period
        self._rules = rules
        self._now = now
        self._columns = {column.code: column for column in columns(rules)}
        self.report = self._report()

    def _report(self) -> Report:
        orders = self._facts.orders
        withdrawn = tuple(row.order_id for row in orders if row.withdrawn)
        everything = tuple(row.order_id for row in orders)
        on_the_spot = figures.rate_of(orders, lambda row: float(row.answered))
        return Report(
            first=self._period.first,
            last=self._period.last,
            made_at=self._now,
            rule_version=self._rules.scoring.version,
            orders=self._number("orders", everything, _ORDERS),
            answered=self._share("answered", on_the_spot, _ANSWERED),
            withdrawn=self._number("withdrawn", withdrawn, _WITHDRAWN),
            by_channel=self._slices("channel", lambda row: (row.channel, row.channel.label)),
            by_type=self._slices("type", lambda row: (row.request_type, row.request_type.label)),
            by_category=self._slices("category", self._top_category),
            columns=list(self._columns.values()),
            units=[self._unit(code) for code in self._units()],
            total=self._line(TOTAL, "合计", "", self._facts),
            senders=self._senders(),
            notes=notes(self._rules),
        )

    def _units(self) -> list[str]:
        facts = self._facts
        seen = {
            *(row.department for row in facts.tasks),
            *(row.department for row in facts.opinions),
            *(row.department for row in facts.scores),
            *(row.department for row in facts.sent),
            *(row.department for row in facts.pauses),
        }
        known = [unit.code for unit in self._rules.departments if unit.code in seen]
        return known + sorted(seen - set(known))

    def _senders(self) -> list[SenderLine]:
        names = {row.sender_id: row.sender_name for row in self._facts.sent}
        lines = [self._sender(sender_id, name) for sender_id, name in names.items()]
        return sorted(lines, key=lambda line: (-line.sent.value, line.name))

    def _sender(self, sender_id: str, name: str) -> SenderLine:
        rate, cell = figures.accurate(self._facts, sender_id), f"sender.{sender_id}"
        share = self._share(cell, rate, _ACCURATE.model_copy(update={"parts": [name]}))
        return SenderLine(
            staff_id=sender_id,
            name=name,
            sent=Number(value=rate.of, cell=share.cell),
            wrong=Number(value=len(rate.miss_ids), cell=share.misses_cell),
            accurate=share,
        )

    def _unit(self, code: str) -> UnitLine:
        departments = self._rules.departments
        group = departments.get(code).kind.label if code in departments else ""
        facts = figures.of_unit(self._facts, frozenset({code}))
        return self._line(code, self._rules.unit_name(code), group, facts)

    def _line(self, code: str, name: str, group: str, facts: Facts) -> UnitLine:
        period, now, scoring = self._period, self._now, self._rules.scoring
        rates = {
            "signed": figures.signed(facts, period, now),
            "contacted": figures.contacted(facts, period, now),
            "on_time": figures.on_time(facts, period, now),
            "response": figures.response(facts),
            "resolution": figures.resolution(facts),
            "satisfaction": figures.satisfaction(facts, scoring.satisfaction_values),
        }
        shares = {
            kind: self._share(f"unit.{code}.{kind}", rate, self._of_unit(kind, name))
            for kind, rate in rates.items()
        }

        def number(kind: str, ids: Sequence[str]) -> Number:
            return self._number(f"unit.{code}.{kind}", ids, self._of_unit(kind, name))

        return UnitLine(
            department=code,
            name=name,
            group=group,
            received=number("received", figures.received(facts, period)),
            redone=number("redone", figures.redone(facts, period)),
            misdirected=number("misdirected", figures.misdirected(facts)),
            suspended=number("suspended", figures.suspended(facts)),
            score=figures.period_score(rates, scoring),
            too_few=len(facts.opinions) < scoring.period.least_sample,
            closure_score=figures.mean_score(facts),
            closed=number("closed", tuple(row.order_id for row in facts.scores)),
            **shares,
        )

    def _of_unit(self, kind: str, unit: str) -> OpenedFigure:
        if kind == "closed":
            return OpenedFigure(label="办结量", words="期内办结并评估的工单数", parts=[unit])
        column = self._columns[kind]
        return OpenedFigure(label=column.label, words=column.formula, parts=[unit])

    def _number(self, cell: str, ids: Sequence[str], what: OpenedFigure) -> Number:
        self.cells[cell], self.opened[cell] = tuple(ids), what
        return Number(value=len(ids), cell=cell)

    def _share(self, cell: str, rate: Rate, what: OpenedFigure) -> Share:
        parts = {"": rate.ids, ".hits": rate.hit_ids, ".misses": rate.miss_ids}
        for part, ids in parts.items():
            counted = _COUNTED[part]
            self._number(f"{cell}{part}", ids, what.model_copy(update={"counted": counted}))
        low, high = rate.interval or (None, None)
        return Share(
            value=rate.value,
            hits=rate.hits,
            of=rate.of,
            low=low,
            high=high,
            hits_cell=f"{cell}.hits",
            misses_cell=f"{cell}.misses",
            cell=cell,
        )

    def _slices(self, kind: str, key: Callable[[OrderFact], tuple[str, str]]) -> list[Slice]:
        groups: dict[tuple[str, str], list[str]] = {}
        for row in self._facts.orders:
            groups.setdefault(key(row), []).append(row.order_id)
        whole = len(self._facts.orders)
        slices = []
        for (code, label), ids in sorted(groups.items(), key=lambda item: -len(item[1])):
            what = OpenedFigure(label=_SLICES[kind], parts=[label])
            number = self._number(f"{kind}.{code}", ids, what)
            slices.append(
                Slice(
                    value=number.value,
                    cell=number.cell,
                    code=code,
                    label=label,
                    share=number.value / whole,
                )
            )
        return slices

    def _top_category(self, row: OrderFact) -> tuple[str, str]:
        taxonomy = self._rules.taxonomy
        if row.category not in taxonomy:
            return row.category, row.category
        top = taxonomy.ancestor(row.category, 1)
        return top.code, top.name


def columns(rules: Rules) -> list[Column]:
    """The columns of the unit table with their formulas."""
    weights, values = rules.scoring.period, rules.scoring.satisfaction_values
    grades = "、".join(f"{grade.label}计{value:g}" for grade, value in values.items())
    texts = {
        "received": ("承办量", "期内派单给该单位的工单数，由原单位再次办理的不重复计"),
        "redone": (
            "重办量",
            "期内由该单位对自己办过的工单再次办理的件数，包括同意重办、会商决定重办、"
            "挂账后重新办理、恢复办理；改由其他单位办理的，计入其他单位的承办量",
        ),
        "misdirected": (
            "派单差错",
            "期内派给该单位，后经同意退单或裁定改由其他单位办理的工单数；计入派单员，不计入该单位",
        ),
        "suspended": ("挂起", "期内同意挂起的次数"),
        "signed": ("签收及时率", "时限内签收数÷期内派单且已签收或已到签收时限的承办任务数"),
        "contacted": (
            "先行联系及时率",
            "时限内联系上诉求人数÷期内派单、可联系且已联系或已到时限的承办任务数",
        ),
        "on_time": (
            "按时办结率",
            "时限内反馈结果数÷办结时限落在期内且已反馈或已到时限的承办任务数",
        ),
        "response": ("响应率", "诉求人确认单位已联系的件数÷有效回访件数"),
        "resolution": ("解决率", "诉求人确认已解决的件数÷有效回访件数"),
        "satisfaction": ("满意率", f"满意度取值之和÷有效回访件数（{grades}）"),
        "score": (
            weights.title,
            f"响应率×{weights.response:g}＋解决率×{weights.resolution:g}"
            f"＋满意率×{weights.satisfaction:g}，满分100分，保留一位小数",
        ),
        "closure_score": ("平均办结评估分", "期内办结工单的办结评估分之和÷件数"),
    }
    return [Column(code=code, label=label, formula=text) for code, (label, text) in texts.items()]


def notes(rules: Rules) -> list[str]:
    """What a reader must know to read the numbers rightly."""
    least = rules.scoring.period.least_sample
    return [
        "有效回访：期内接通诉求人并取得是否联系、是否解决、是否满意三项意见的工单；"
        "同一工单多次回访的，取期内最后一次。",
        "未接通的工单不计入响应率、解决率、满意率的分母。",
        "各率旁的区间为95%置信区间（威尔逊法）；两单位的区间重叠时，不宜判定高低。",
        f"有效回访不足{least}件的单位标为“样本不足”，成绩仅供参考，不作比较。",
        "合计行的各率按合计件数计算，不是各单位的平均。",
        "撤单的工单不计入承办单位的各项指标。",
        "挂起、疑难挂账期间时限停止计算，尚未完成的环节在恢复计时后再计入各及时率和按时办结率；"
        "停止计算前已经超时的，仍按超时计入。",
        "派单准确率按派单之日统计：同意退单，或裁定改由其他单位办理的，为派单差错；重办不另计派单。",
    ]


class Reports:
    """Makes reports and opens their numbers."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def report(self, actor: Actor, first: date, last: date) -> Report:
        """The report of local days ``first`` to ``last``.

        :raises Forbidden: for a reader without the permission.
        :raises InvalidInput: for a period that is none, or too long.
        """
        return (await self._sheet(actor, first, last)).report

    async def orders(self, actor: Actor, first: date, last: date, cell: str) -> list[OrderRow]:
        """The orders behind a number.

        :raises NotFound: when the report has no such number.
        """
        return (await self.opened(actor, first, last, cell))[1]

    async def opened(
        self, actor: Actor, first: date, last: date, cell: str
    ) -> tuple[OpenedFigure, list[OrderRow]]:
        """What a number is, and the orders behind it.

        :raises NotFound: when the report has no such number.
        """
        sheet = await self._sheet(actor, first, last)
        if cell not in sheet.cells:
            raise NotFound("报表中没有这个数字", cell=cell)
        return sheet.opened[cell], await self._rows(sheet.cells[cell])

    async def _sheet(self, actor: Actor, first: date, last: date) -> Sheet:
        if "report.view" not in self._rules.permissions.of(actor.usable_roles):
            holders = self._rules.permissions.holders("report.view")
            raise Forbidden(f"报表只对{'、'.join(role.label for role in holders)}开放")
        period = Period(first=first, last=last, zone=self._rules.zone)
        async with self._store.read() as session:
            facts = await read_facts(session, period)
        return Sheet(facts, period, self._rules, self._clock.now())

    async def _rows(self, ids: Iterable[str]) -> list[OrderRow]:
        wanted = list(dict.fromkeys(ids))
        found: dict[str, WorkOrder] = {}
        async with self._store.read() as session:
            for start in range(0, len(wanted), _PAGE):
                page = wanted[start : start + _PAGE]
                rows = await session.scalars(select(WorkOrder).where(WorkOrder.id.in_(page)))
                found |= {order.id: order for order in rows}
        now = self._clock.now()
        return [order_row(found[i], self._rules, now) for i in wanted if i in found]
