"""``hotline check``: is this installation sound?"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta

import click

from config.settings import load_settings
from dispatch.assessment.record import verify_scores
from dispatch.chain import ChainVerifier
from dispatch.directory.catalogue_book import CatalogueBook
from dispatch.kept_files import KeptFiles
from dispatch.kept_levels import KeptLevels
from hotline.ground import Ground, lay_ground
from models.errors import HotlineError
from nlp.speech.models import find_model
from nlp.text.understander import Understander
from telephony.asterisk.installation import find_installation
from telephony.trunk_watch import examine as examine_trunks
from telephony.trunks import Trunks

#: How far due dates reach.
LOOK_AHEAD = timedelta(days=45)

Examination = Callable[[Ground], Awaitable[list[str]]]


@click.command()
def check() -> None:
    """检查配置、规则、中继、数据库、模型、工单事件链、办结评估分和工单材料是否完好。"""
    try:
        ground = lay_ground(load_settings())
    except HotlineError as error:
        _show("配置和规则文件", [str(error)])
        sys.exit(1)
    _show("配置和规则文件", [])
    sys.exit(asyncio.run(_check(ground)))


async def _check(ground: Ground) -> int:
    problems = 0
    for name, examine in _EXAMINATIONS.items():
        try:
            found = await examine(ground)
        except HotlineError as error:
            found = [str(error)]
        problems += len(found)
        _show(name, found)
    await ground.store.close()
    _show_calendar(ground)
    _show_way_out(ground)
    _show_citizens_page(ground)
    click.echo("一切正常。" if not problems else f"发现 {problems} 个问题。")
    return 1 if problems else 0


def _show(name: str, found: list[str]) -> None:
    click.secho(f"{'✗' if found else '✓'} {name}", fg="red" if found else "green")
    for line in found:
        click.echo(f"    {line}")


async def _exchange(ground: Ground) -> list[str]:
    if not ground.settings.asterisk.ari_url:
        find_installation(ground.settings.asterisk_root)
    return []


async def _trunks(ground: Ground) -> list[str]:
    return await examine_trunks(ground.settings, ground.secrets)


async def _speech(ground: Ground) -> list[str]:
    find_model(ground.settings)
    return []


async def _text(ground: Ground) -> list[str]:
    Understander.load(ground.settings)
    return []


async def _database(ground: Ground) -> list[str]:
    await ground.store.migrate()
    return []


async def _levels(ground: Ground) -> list[str]:
    warning = await KeptLevels(ground.store, ground.clock, ground.rules).keep()
    return [warning] if warning else []


async def _chain(ground: Ground) -> list[str]:
    faults = await ChainVerifier(ground.store).verify_all()
    return [f"工单 {f.order_no} 第 {f.seq} 条记录：{f.message}" for f in faults]


async def _files(ground: Ground) -> list[str]:
    kept = KeptFiles(ground.store, ground.clock, ground.settings, ground.rules)
    return [f"工单 {f.order_no} 的材料“{f.name}”：{f.message}" for f in await kept.verify()]


async def _scores(ground: Ground) -> list[str]:
    faults = await verify_scores(ground.store, ground.rules)
    return [f"工单 {f.order_no}：{f.message}" for f in faults]


async def _catalogue(ground: Ground) -> list[str]:
    return await CatalogueBook(ground.store, ground.clock, ground.rules).faults()


def _show_calendar(ground: Ground) -> None:
    """A word of warning only: due dates beyond are marked as provisional."""
    ahead = (ground.clock.now() + LOOK_AHEAD).astimezone(ground.rules.zone).date()
    if not ground.rules.calendar.covers(ahead):
        click.secho(
            f"! 工作日历还没有 {ahead.year} 年：国务院办公厅公布放假安排后请补充，"
            "在此之前届时的期限按周末推算并标为暂定",
            fg="yellow",
        )


def _show_way_out(ground: Ground) -> None:
    """A word of warning only: one may begin without a carrier."""
    telephony = ground.settings.telephony
    if Trunks(telephony).way("110") is None:
        practice = "、".join(telephony.practice_phones)
        reach = f"只能呼叫练习话机 {practice}" if practice else "不能呼出"
        click.secho(
            f"! 没有配置外呼线路（telephony.trunk_outbound 或 telephony.trunks）：{reach}",
            fg="yellow",
        )


def _show_citizens_page(ground: Ground) -> None:
    """A word of warning only: citizens are rung then."""
    if not ground.rules.handling.follow_up.link:
        click.secho(
            "! 未设置诉求人访问的评价页面地址（web.citizen_url）：不能用短信链接回访，只能电话回访",
            fg="yellow",
        )


_EXAMINATIONS: dict[str, Examination] = {
    "电话交换程序": _exchange,
    "中继": _trunks,
    "语音模型": _speech,
    "文本理解模型": _text,
    "数据库": _database,
    "时限规则的版本": _levels,
    "派单目录": _catalogue,
    "工单事件链": _chain,
    "办结评估分": _scores,
    "工单材料": _files,
}
