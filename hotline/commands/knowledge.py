"""``hotline knowledge``: articles in and out, and whether they are sound."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from config.settings import load_settings
from dispatch.knowledge.condition import faults, remarks
from dispatch.knowledge.importing import ImportReport, KnowledgeImport
from dispatch.knowledge.ledger import Doer
from hotline.ground import Ground, lay_ground
from hotline.knowledge import fill

T = TypeVar("T")


@click.group()
def knowledge() -> None:
    """知识库：导入、导出、检查条目。平时在“知识”页面检索、修改和审核。"""


@knowledge.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--by", "who", default="", metavar="姓名", help="谁导入的，记入操作记录")
@click.option("--publish", "published", is_flag=True, help="由导入人负责，直接发布，不再送审")
@click.option("--check", "only_check", is_flag=True, help="只检查，不导入")
def import_(file: Path, who: str, published: bool, only_check: bool) -> None:
    """从 xlsx 或 CSV 导入条目；有一行不对就全部不导入，并逐行说明。

    编号已有的条目成为新的一版，没有变化的略过，编号留空的新建。

    \b
    hotline knowledge export 知识库.xlsx
    hotline knowledge import 知识库.xlsx --check
    hotline knowledge import 知识库.xlsx --by 张三             导入后待审
    hotline knowledge import 知识库.xlsx --by 张三 --publish   立即生效
    """
    if not only_check and not who.strip():
        raise click.UsageError("请用 --by 写明谁导入的")

    async def work(ground: Ground, door: KnowledgeImport) -> ImportReport:
        content = file.read_bytes()
        if only_check:
            return await door.check(file.name, content)
        doer = Doer(name=who.strip())
        return await door.enter(file.name, content, doer, published=published)

    report = _run(work)
    for repair in report.repairs:
        click.echo(f"注意：{repair}")
    for fault in report.faults:
        click.secho(fault.text, fg="red")
    if report.faults:
        click.secho(f"共 {len(report.faults)} 处错误，没有导入。", fg="red")
        sys.exit(1)
    done = "检查通过，尚未导入" if only_check else "已发布" if published else "已导入，待审"
    click.secho(
        f"新增 {report.new} 条，修改 {report.changed} 条，没有变化 {report.same} 条；{done}。",
        fg="green",
    )


@knowledge.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path) -> None:
    """把已发布的条目写成 xlsx 或 CSV，改好后可再导入。"""

    async def work(ground: Ground, door: KnowledgeImport) -> int:
        rows = await door.rows()
        file.write_bytes(door.sheet.write(file.name, rows))
        return len(rows)

    click.echo(f"已写出 {_run(work)} 条：{file}")


@knowledge.command()
def check() -> None:
    """检查已发布的条目：单位、分类、问法是否有效，哪些示例未核对、哪些到期。"""

    async def work(ground: Ground, door: KnowledgeImport) -> tuple[int, list[str], list[str]]:
        rows = await door.rows()
        today = ground.clock.now().astimezone(ground.rules.zone).date()
        return len(rows), faults(rows, ground.rules), remarks(rows, ground.rules, today)

    count, wrong, told = _run(work)
    for line in told:
        click.secho(line, fg="yellow")
    for line in wrong:
        click.secho(line, fg="red")
    click.echo(f"{count} 条，{len(wrong)} 处错误。")
    sys.exit(1 if wrong else 0)


def _run(work: Callable[[Ground, KnowledgeImport], Awaitable[T]]) -> T:
    return asyncio.run(_with_door(work))


async def _with_door(work: Callable[[Ground, KnowledgeImport], Awaitable[T]]) -> T:
    ground = lay_ground(load_settings())
    await ground.store.migrate()
    try:
        await fill(ground)
        return await work(ground, KnowledgeImport(ground.store, ground.clock, ground.rules))
    finally:
        await ground.store.close()
