"""``hotline platform``: other systems, their keys, and comparing with them."""

from __future__ import annotations

import asyncio
import csv
import sys
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

from config.settings import load_settings
from dispatch.commands import parse
from dispatch.platform.comparing import ComparingDesk, Comparison, TheirOrder
from dispatch.platform.systems import PartnerRegister
from hotline.ground import Ground, lay_ground
from models.errors import InvalidInput

R = TypeVar("R")
_YES = {"1", "true", "yes", "是", "已办结"}


@click.group()
def platform() -> None:
    """外部系统（上级平台、承办单位的系统）：登记、密钥和每日对账。"""


@platform.command()
@click.argument("code")
@click.option("--name", required=True, metavar="名称", help="如 衡阳市12345平台")
@click.option("--department", default="", metavar="编码", help="由它承办这个单位的任务")
@click.option("--gives-orders/--no-orders", default=True, help="可以（不可以）转来工单")
def add(code: str, name: str, department: str, gives_orders: bool) -> None:
    """登记外部系统，并发给第一把密钥。"""

    async def run(ground: Ground) -> None:
        register = _register(ground)
        await register.add(code, name, department=department, gives_orders=gives_orders)
        _show_key(await register.make_key(code))

    _on_ground(run)


@platform.command("list")
def list_() -> None:
    """列出外部系统和它们的密钥。"""

    async def run(ground: Ground) -> None:
        register = _register(ground)
        for system in await register.all():
            parts = ["转来工单"] if system.gives_orders else []
            parts += [f"承办 {system.department}"] if system.department else []
            state = "" if system.active else "  已停用"
            click.secho(f"{system.code}  {system.name}  {'，'.join(parts)}{state}", bold=True)
            for key in await register.keys(system.code):
                used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "未使用"
                revoked = "已吊销" if key.revoked_at else "有效"
                click.echo(f"  {key.id}  {key.hint}…  {revoked}  {used}  {key.note}".rstrip())

    _on_ground(run)


@platform.command()
@click.argument("code")
@click.option("--note", default="", help="备注，便于辨认")
def key(code: str, note: str) -> None:
    """再发一把密钥；原有的仍然有效，换好后请吊销。"""

    async def run(ground: Ground) -> None:
        _show_key(await _register(ground).make_key(code, note))

    _on_ground(run)


@platform.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """吊销密钥，立即生效。"""
    _on_ground(lambda ground: _register(ground).revoke(key_id))


@platform.command()
@click.argument("code")
def disable(code: str) -> None:
    """停用外部系统，它的全部密钥随之失效。"""
    _on_ground(lambda ground: _register(ground).set_active(code, False))


@platform.command()
@click.argument("code")
def enable(code: str) -> None:
    """重新启用外部系统。"""
    _on_ground(lambda ground: _register(ground).set_active(code, True))


@platform.command()
@click.argument("code")
@click.option("--day", metavar="日期", help="哪一天，如 2026-11-22；默认昨天")
@click.option(
    "--list",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="对方的清单：CSV，列 id，以及可不填的 closed、deadline",
)
def reconcile(code: str, day: str | None, path: Path | None) -> None:
    """与外部系统对账，列出差异；有差异时以 1 退出。"""
    zone = ZoneInfo(load_settings().timezone)
    wanted = _day(day, zone)
    theirs = _read_list(path, zone) if path else None

    async def run(ground: Ground) -> Comparison:
        desk = ComparingDesk(ground.store, ground.clock, ground.rules)
        return await desk.compare(code, wanted, theirs)

    result = _on_ground(run)
    their_count = "未提供清单" if result.theirs is None else f"{result.theirs} 件"
    click.echo(f"{result.day}：本平台 {result.ours} 件，对方{their_count}。")
    for one in result.differences:
        click.echo(f"  {one.id}  {one.order_no}  {one.text}")
    click.echo(f"差异 {len(result.differences)} 处。")
    sys.exit(1 if result.differences else 0)


def _day(text: str | None, zone: ZoneInfo) -> date:
    if text is None:
        return datetime.now(zone).date() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"“{text}”不是日期，请写成 2026-11-22") from None


def _read_list(path: Path, zone: ZoneInfo) -> list[TheirOrder]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if "id" not in (rows.fieldnames or []):
            raise InvalidInput(f"{path.name} 的第一行应是列名，其中须有 id")
        return [_line(row, zone) for row in rows if (row["id"] or "").strip()]


def _line(row: dict[str, str | None], zone: ZoneInfo) -> TheirOrder:
    closed, deadline = (row.get(name) or "" for name in ("closed", "deadline"))
    return parse(
        TheirOrder,
        {
            "id": row["id"],
            "closed": closed.strip().lower() in _YES if closed.strip() else None,
            "deadline": _moment(deadline.strip(), zone) if deadline.strip() else None,
        },
    )


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"清单中的时限“{text}”不是时间，请写成 2026-11-22T18:00") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _show_key(token: str) -> None:
    click.echo(f"密钥（只显示这一次）  {token}")
    click.echo("请求头写作  Authorization: Bearer 密钥")


def _register(ground: Ground) -> PartnerRegister:
    return PartnerRegister(ground.store, ground.clock, ground.rules)


def _on_ground(run: Callable[[Ground], Awaitable[R]]) -> R:
    return asyncio.run(_run(lay_ground(load_settings()), run))


async def _run(ground: Ground, run: Callable[[Ground], Awaitable[R]]) -> R:
    await ground.store.migrate()
    try:
        return await run(ground)
    finally:
        await ground.store.close()
