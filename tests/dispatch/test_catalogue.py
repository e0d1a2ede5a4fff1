"""Versions of the dispatch catalogue: who owns what, today and on any past day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from config.catalogue_shelf import CatalogueShelf
from dispatch.directory.catalogue_book import CatalogueBook
from dispatch.directory.catalogue_import import CatalogueImport, ImportReport
from dispatch.directory.catalogue_views import CatalogueViews, OwnerQuery, OwnerView
from dispatch.directory.ownership import kept_by
from dispatch.rules import Rules
from models.clock import ManualClock
from models.errors import InvalidInput, NotFound
from models.guards import Actor
from models.store import Store
from models.tables import Task, WorkOrder
from models.vocabulary import RequestType
from tests.dispatch.catalogue_sheets import LAMPS, TOWN, as_csv

pytestmark = pytest.mark.store

TODAY = date(2026, 11, 20)
LAMP = "C010102"


class Registry:
    """One process with its catalogue."""

    def __init__(self, store: Store, clock: ManualClock, rules: Rules) -> None:
        def today() -> date:
            return clock.now().astimezone(rules.zone).date()

        self.rules = replace(rules, catalogues=CatalogueShelf(rules.catalogues.first, today))
        self.book = CatalogueBook(store, clock, self.rules)
        self.door = CatalogueImport(self.book, self.rules)
        self.views = CatalogueViews(self.book, self.rules)

    async def bring(self, *rows: dict[str, str], start: date) -> ImportReport:
        return await self.door.enter(None, "目录.csv", as_csv(*rows), valid_from=start)

    async def owner(self, category: str = LAMP, day: date | None = None) -> OwnerView:
        return await self.views.owner(OwnerQuery(category=category, day=day))


@pytest.fixture
async def registry(store: Store, clock: ManualClock, rules: Rules) -> Registry:
    """After its first start."""
    found = Registry(store, clock, rules)
    await found.book.enter_file()
    return found


async def test_a_new_version_begins_on_its_day_and_the_past_stays(
    registry: Registry, clock: ManualClock
) -> None:
    december = date(2026, 12, 1)
    report = await registry.bring(LAMPS, TOWN, start=december)
    assert (report.version, report.rules, report.faults) == ("2026-12-01", 2, [])
    assert {(change.kind, change.code) for change in report.changes} >= {
        ("新增", "lamps"),
        ("删除", "city-upkeep"),
    }
    assert (await registry.owner()).unit == "D-CG"
    assert (await registry.owner(day=december)).unit == "D-ZJ"
    assert registry.rules.catalogues.current.version == "2026-11"

    clock.advance(timedelta(days=20))
    answer = await registry.owner()
    assert (answer.version, answer.unit_name) == ("2026-12-01", "区住建局")
    assert answer.text == "区住建局（路灯自2026年12月起由住建部门负责，由本单位直接办理，不得下派）"
    before = await registry.owner(day=date(2026, 11, 30))
    assert (before.version, before.unit_name) == ("2026-11", "区城管局")
    assert registry.rules.catalogues.current.version == "2026-12-01"
    with pytest.raises(NotFound, match="2026-11-19 还没有派单目录的记录"):
        await registry.owner(day=TODAY - timedelta(days=1))
    stands = [(v.version, v.stands, v.held_until) for v in await registry.views.versions()]
    assert stands == [
        ("2026-12-01", "present", None),
        ("2026-11", "past", date(2026, 11, 30)),
    ]


async def test_a_file_with_one_bad_row_changes_nothing(registry: Registry) -> None:
    report = await registry.bring(LAMPS, TOWN | {"主办单位": "城管"}, start=TODAY)
    assert report.version == "2026-11-20"  # a nickname of one unit alone is understood
    report = await registry.bring(LAMPS, TOWN | {"主办单位": "执法队"}, start=TODAY)
    assert (report.version, len(report.faults)) == ("", 1)
    report = await registry.door.enter(None, "目录.xlsx", b"not a workbook", valid_from=TODAY)
    assert "不是可读的 Excel 文件" in report.faults[0].text
    assert len(await registry.views.versions()) == 2


async def test_days_that_are_over_cannot_be_rewritten(registry: Registry) -> None:
    registry_first = TODAY
    later = registry_first + timedelta(days=10)
    await registry.bring(LAMPS, start=later)
    with pytest.raises(InvalidInput, match="与届时生效的 2026-11-30 版完全相同"):
        await registry.bring(LAMPS, start=later + timedelta(days=1))
    # What was before the first version nobody knew: it may be filled in.
    old = await registry.bring(TOWN, start=date(2025, 1, 1))
    assert old.version == "2025-01-01"
    assert (await registry.owner(day=date(2026, 11, 19))).rule is not None
    with pytest.raises(InvalidInput, match="生效日期不能改变过去"):
        await registry.bring(LAMPS, start=date(2026, 11, 19))


async def test_two_versions_of_one_day_the_later_counts(registry: Registry) -> None:
    await registry.bring(TOWN, start=TODAY)
    again = await registry.bring(LAMPS, TOWN, start=TODAY)
    assert again.version == "2026-11-20.2"
    assert (await registry.owner()).unit == "D-ZJ"
    assert registry.rules.catalogues.current.version == "2026-11-20.2"


async def test_the_rule_file_is_written_down_until_something_is_imported(
    registry: Registry, store: Store, clock: ManualClock, rules: Rules
) -> None:
    await registry.book.enter_file()  # a restart
    assert [v.version for v in await registry.views.versions()] == ["2026-11"]
    clock.advance(timedelta(days=1))
    edited = replace(rules.catalogues.first, rules=rules.catalogues.first.rules[1:])
    shelf = CatalogueShelf(edited, lambda: TODAY)
    await CatalogueBook(store, clock, replace(rules, catalogues=shelf)).enter_file()
    labels = [(v.version, v.valid_from) for v in await registry.views.versions()]
    assert labels == [("2026-11.2", date(2026, 11, 21)), ("2026-11", TODAY)]
    await registry.bring(LAMPS, start=date(2026, 11, 21))
    await registry.book.enter_file()  # the city's own holds from now on
    assert (await registry.book.versions())[0].version == "2026-11-21"


async def test_another_process_sees_a_new_version_at_its_next_look(
    registry: Registry, store: Store, clock: ManualClock, rules: Rules
) -> None:
    other = Registry(store, clock, rules)
    await other.book.refresh()
    understanding = CatalogueShelf(rules.catalogues.first, lambda: TODAY)
    other.book.fill(understanding)
    await other.book.refresh()
    await registry.bring(LAMPS, start=TODAY)
    assert other.rules.catalogues.current.version == "2026-11"
    assert await other.book.refresh()
    assert other.rules.catalogues.current.version == "2026-11-20"
    assert understanding.current.version == "2026-11-20"
    assert not await other.book.refresh()


async def test_words_types_places_and_exceptions_decide_in_order(registry: Registry) -> None:
    noise = {"诉求分类": "社会生活噪声", "主办单位": "公安局"}
    await registry.bring(
        noise
        | {"规则编号": "square", "关键词": "广场舞", "区域": "红湘街道", "主办单位": "文旅局"},
        noise | {"规则编号": "report", "诉求类型": "举报", "主办单位": "城管局"},
        noise | {"规则编号": "local", "排除词": "装修", "主办单位": "属地街道"},
        noise | {"规则编号": "police"},
        start=TODAY,
    )

    async def rule(text: str, place: str = "", kind: RequestType = RequestType.COMPLAINT) -> str:
        query = OwnerQuery(category="C020102", text=text, place=place, request_type=kind)
        found = (await registry.views.owner(query)).rule
        return found.code if found else ""

    assert await rule("广场舞太吵", "红湘南路") == "square"
    assert await rule("广场舞太吵", "蒸湘北路") == "local"
    assert await rule("广场舞太吵") == "police"  # no place is known
    assert await rule("在蒸湘北路，半夜唱歌") == "local"  # the text names one
    assert await rule("蒸湘北路半夜装修", "蒸湘北路") == "police"
    assert await rule("半夜唱歌", "蒸湘北路", RequestType.REPORT) == "report"
    answer = await registry.views.owner(
        OwnerQuery(category="C020102", text="半夜唱歌", place="蒸湘北路")
    )
    assert (answer.unit_name, answer.street_name) == ("蒸湘街道", "蒸湘街道")


async def test_what_a_unit_must_do_itself_is_told_to_delegation(
    registry: Registry, clock: ManualClock
) -> None:
    await registry.bring(LAMPS, TOWN, start=date(2026, 12, 1))
    order = WorkOrder(
        title="路灯不亮", content="", demand="", place="", category=LAMP,
        request_type=RequestType.HELP,
    )  # fmt: skip
    task = Task(department="D-ZJ", dispatched_at=clock.now())
    assert kept_by(registry.rules, order, task) is None
    clock.advance(timedelta(days=15))
    task.dispatched_at = clock.now()
    held = kept_by(registry.rules, order, task)
    assert held is not None and (held.rule.id, held.version) == ("lamps", "2026-12-01")
    task.department = "D-CG"  # it was sent elsewhere: the flag is the rule's own unit's
    assert kept_by(registry.rules, order, task) is None


async def test_a_rule_of_a_unit_that_is_gone_stays_in_history_and_decides_no_more(
    registry: Registry, store: Store, clock: ManualClock, rules: Rules
) -> None:
    await registry.bring(LAMPS, TOWN, start=TODAY)
    left = tuple(unit for unit in rules.departments if unit.code != "D-ZJ")
    fewer = replace(rules.departments, units=left, _by_code={})
    after = Registry(store, clock, replace(rules, departments=fewer))
    await after.book.refresh()
    answer = await after.owner()
    assert answer.rule is not None and answer.rule.code == "town"
    (lamps, _) = (await after.views.catalogue()).rules
    assert (lamps.unit_name, lamps.fault) == ("区住建局", "单位 D-ZJ 已不存在，规则不起作用")
    assert await after.book.faults() == [
        "规则 lamps 不起作用：单位 D-ZJ 已不在 departments.yaml 中"
    ]


async def test_who_brought_a_version_is_written_down(
    registry: Registry, people: dict[str, Actor]
) -> None:
    actor = people["paidan"]
    await registry.door.enter(actor, "a.csv", as_csv(LAMPS), valid_from=TODAY, note="机构改革")
    newest = (await registry.views.versions())[0]
    assert (newest.imported_by, newest.file_name, newest.note) == ("周敏", "a.csv", "机构改革")
    assert [rule.code for rule in await registry.views.owned_by("D-ZJ", TODAY)] == ["lamps"]
