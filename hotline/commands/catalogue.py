"""``hotline catalogue``: who handles what, and who did on any day."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import click

from config.catalogue import Catalogue
from config.settings import load_settings
from dispatch.directory.catalogue_book import CatalogueBook, rule_of
from dispatch.directory.catalogue_import import CatalogueImport, FaultView, ImportReport
from dispatch.directory.catalogue_names import category_names, unit_names
from dispatch.directory.catalogue_views import CatalogueViews, OwnerQuery, RuleView, VersionView
from hotline.ground import Ground, lay_ground
from models.errors import InvalidInput
from models.vocabulary import RequestType

T = TypeVar("T")
_DAY = click.DateTime(["%Y-%m-%d"])
_STANDS = {"past": "已失效", "present": "生效", "future": "未生效"}


@click.group()
def catalogue() -> None:
    """派单目录：谁负责什么；按版本保存，任何一天都查得到。"""


@catalogue.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "start", type=_DAY, metavar="日期", help="生效日期，默认今天")
@click.option("--note", default="", metavar="说明", help="为什么有这一版")
@click.option("--check", "only_check", is_flag=True, help="只检查，不导入")
def import_(file: Path, start: datetime | None, note: str, only_check: bool) -> None:
    """从 xlsx 或 CSV 导入新的一版；有一行不对就全部不导入，并逐行说明。

    \b
    hotline catalogue export 目录.xlsx        先导出现行目录，改好后再导入
    hotline catalogue import 目录.xlsx --check
    hotline catalogue import 目录.xlsx --from 2027-01-01 --note "机构改革"
    """

    async def work(ground: Ground, book: CatalogueBook) -> ImportReport:
        door = CatalogueImport(book, ground.rules)
        day, content = _day(start) or book.today, file.read_bytes()
        if only_check:
            return await door.check(file.name, content, day)
        return await door.enter(None, file.name, content, valid_from=day, note=note)

    report = _run(work)
    _show_report(report)
    sys.exit(1 if report.faults else 0)


@catalogue.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--version", "label", default="", metavar="版本", help="默认现行版本")
def export(file: Path, label: str) -> None:
    """把一版目录写成 xlsx 或 CSV，改好后可再导入。"""

    async def work(ground: Ground, book: CatalogueBook) -> tuple[bytes, int]:
        found = await (book.version(label) if label else book.on(book.today))
        rules = tuple(rule_of(row) for row in await book.rules(found.id))
        sheet = CatalogueImport(book, ground.rules).sheet
        whole = Catalogue(version=found.version, rules=rules)
        excel = file.suffix.lower() == ".xlsx"
        return (sheet.write_excel(whole) if excel else sheet.write_csv(whole)), len(rules)

    content, count = _run(work)
    file.write_bytes(content)
    click.echo(f"已写出 {count} 条规则：{file}")


@catalogue.command()
@click.option("--on", "day", type=_DAY, metavar="日期", help="哪一天的目录，默认今天")
@click.option("--version", "label", default="", metavar="版本", help="按版本号")
@click.option("--versions", "list_versions", is_flag=True, help="只列出所有版本")
def show(day: datetime | None, label: str, list_versions: bool) -> None:
    """显示目录的规则，或列出所有版本。"""

    async def versions(ground: Ground, book: CatalogueBook) -> list[VersionView]:
        return await CatalogueViews(book, ground.rules).versions()

    if list_versions:
        for version in _run(versions):
            _show_version(version)
        return

    async def rules(ground: Ground, book: CatalogueBook) -> None:
        found = await CatalogueViews(book, ground.rules).catalogue(label, _day(day))
        _show_version(found.version)
        for rule in found.rules:
            _show_rule(rule)
        if found.uncovered:
            click.echo(f"没有规定的分类（由派单员确定）：{'、'.join(found.uncovered)}")

    _run(rules)


@catalogue.command()
@click.option("--category", metavar="分类", help="编码、名称或路径，如 城乡建设/市政设施/路灯照明")
@click.option("--text", default="", metavar="诉求", help="诉求的文字，供按关键词的规则判断")
@click.option("--place", default="", metavar="地点", help="发生地点，供按区域的规则判断")
@click.option("--type", "kind", type=click.Choice([each.label for each in RequestType]))
@click.option("--unit", metavar="单位", help="反过来问：这个单位负责什么")
@click.option("--on", "day", type=_DAY, metavar="日期", help="哪一天，默认今天")
def owner(
    category: str | None,
    text: str,
    place: str,
    kind: str | None,
    unit: str | None,
    day: datetime | None,
) -> None:
    """某一天某件事归谁办，依据哪一版的哪一条；或者一个单位负责什么。

    \b
    hotline catalogue owner --category 路灯照明
    hotline catalogue owner --category C100402 --place 红湘南路 --on 2026-11-01
    hotline catalogue owner --unit 区城管局
    """
    if (category is None) == (unit is None):
        raise InvalidInput("请给出 --category 或 --unit 之一")

    async def work(ground: Ground, book: CatalogueBook) -> None:
        views = CatalogueViews(book, ground.rules)
        if unit is not None:
            code = _meant(unit_names(ground.rules.departments).code(unit), f"没有单位“{unit}”")
            for rule in await views.owned_by(code, _day(day) or book.today):
                _show_rule(rule)
            return
        names = category_names(ground.rules.taxonomy)
        code = _meant(names.code(category or ""), f"没有分类“{category}”")
        asked = next((each for each in RequestType if each.label == kind), RequestType.OTHER)
        query = OwnerQuery(category=code, text=text, place=place, request_type=asked, day=_day(day))
        found = await views.owner(query)
        click.echo(f"{found.day}（{found.version} 版）{ground.rules.category_name(code)}：")
        click.secho(f"  {found.text}", bold=True)
        if found.rule is not None:
            click.echo(f"  依据第 {found.rule.position} 条规则 {found.rule.code}")

    _run(work)


def _run(work: Callable[[Ground, CatalogueBook], Awaitable[T]]) -> T:
    return asyncio.run(_with_book(work))


async def _with_book(work: Callable[[Ground, CatalogueBook], Awaitable[T]]) -> T:
    ground = lay_ground(load_settings())
    await ground.store.migrate()
    try:
        book = CatalogueBook(ground.store, ground.clock, ground.rules)
        await book.enter_file()
        return await work(ground, book)
    finally:
        await ground.store.close()


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None


def _meant(code: str | None, otherwise: str) -> str:
    if code is None:
        raise InvalidInput(otherwise)
    return code


def _show_report(report: ImportReport) -> None:
    for repair in report.repairs:
        click.echo(f"注意：{repair}")
    _show_faults(report.faults, "red")
    _show_faults(report.doubts, "yellow")
    if report.faults:
        click.secho(f"共 {len(report.faults)} 处错误，没有导入。", fg="red")
        return
    for change in report.changes:
        click.echo(f"{change.kind}　{change.code}　{change.note}")
    what = f"导入为 {report.version} 版" if report.version else "检查通过，尚未导入"
    start = f"{report.valid_from:%Y-%m-%d} 起生效"
    click.secho(
        f"{report.rules} 条规则，{len(report.changes)} 处变化，{start}；{what}。", fg="green"
    )


def _show_faults(faults: list[FaultView], colour: str) -> None:
    for fault in faults:
        click.secho(fault.text, fg=colour)


def _show_version(version: VersionView) -> None:
    until = f"至 {version.held_until}" if version.held_until else "起"
    who = f"，{version.imported_by}导入" if version.imported_by else ""
    source = version.file_name or version.source_label
    click.secho(
        f"{version.version}　{version.valid_from} {until}　"
        f"{_STANDS[version.stands]}　{source}{who}　{version.note}".rstrip(),
        bold=True,
    )


def _show_rule(rule: RuleView) -> None:
    conditions = [
        *(rule.category_names or ["任何分类"]),
        *([f"有“{'”“'.join(rule.words)}”"] if rule.words else []),
        *([f"没有“{'”“'.join(rule.without)}”"] if rule.without else []),
        *rule.type_labels,
        *([f"在{'、'.join(rule.area_names)}"] if rule.area_names else []),
    ]
    joint = f"，协办{'、'.join(rule.joint_names)}" if rule.joint_names else ""
    kept = "，不得下派" if rule.keep else ""
    click.echo(f"{rule.position:>4}　{rule.unit_name}{joint}{kept}　{'；'.join(conditions)}")
    if rule.fault:
        click.secho(f"      {rule.fault}", fg="red")
