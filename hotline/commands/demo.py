"""``hotline demo``: let the running system show itself."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from typing import Any

import click

from config.settings import load_settings
from hotline.demo.run import Demonstration, Summary, Tally, summarise
from models.vocabulary import OrderState


@click.command()
@click.option("--calls", default=10, show_default=True, type=click.IntRange(1, 1000), help="来电数")
@click.option("--seed", default=1, show_default=True, help="随机数种子，相同种子得到相同的脚本")
def demo(calls: int, seed: int) -> None:
    """让若干位模拟市民拨打正在运行的热线，由模拟坐席接听、登记，工单走完全程。"""
    sys.exit(asyncio.run(_demo(calls, seed)))


async def _demo(calls: int, seed: int) -> int:
    settings = load_settings()
    before = await summarise(settings)
    steps = {"call": 0, "order": 0}
    bar: Any
    with click.progressbar(
        length=calls, label="演示进行中", item_show_func=lambda _: f"工单 {steps['order']}"
    ) as bar:

        def on_step(kind: str) -> None:
            steps[kind] += 1
            bar.update(1 if kind == "call" else 0)

        tally = await Demonstration(settings, seed, on_step).run(calls)
    after = await summarise(settings)
    return _report(tally, before, after)


def _report(tally: Tally, before: Summary, after: Summary) -> int:
    rows = [
        ("拨打电话", tally.called, after.calls - before.calls),
        ("接通", tally.called - len(tally.failed), after.answered - before.answered),
        ("生成工单", len(tally.orders), after.orders - before.orders),
        (
            "已办结",
            sum(state == "CLOSED" for state in tally.orders.values()),
            after.closed - before.closed,
        ),
    ]
    click.echo(f"{'项目':　<6}　演示所做　数据库所记")
    for name, did, recorded in rows:
        mark = "✓" if did == recorded else "✗"
        click.echo(f"{name:　<6}　{did:>8}　{recorded:>10} {mark}")
    standing = Counter(OrderState(state).label for state in tally.orders.values())
    click.echo("工单停在：" + "，".join(f"{name} {count} 件" for name, count in standing.items()))
    click.echo(
        f"转写语句 {after.utterances - before.utterances} 条，"
        f"办结评分 {after.scored - before.scored} 件，全库平均分 {after.mean_score or '—'}"
    )
    for line in tally.failed:
        click.secho(f"未成功：{line}", fg="red", err=True)
    return 1 if tally.failed or any(did != recorded for _, did, recorded in rows) else 0
