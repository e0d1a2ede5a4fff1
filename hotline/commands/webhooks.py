"""``hotline webhooks``: addresses that are told of orders, and sending again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

from config.settings import load_settings
from dispatch.webhooks.endpoints import WebhookDesk
from hotline.ground import Ground, lay_ground
from models.errors import InvalidInput
from models.tables import WebhookDelivery, WebhookEndpoint

R = TypeVar("R")


@click.group()
def webhooks() -> None:
    """接口推送（Standard Webhooks）：推送地址、密钥、推送记录和重发。"""


@webhooks.command()
@click.argument("url")
@click.option("--department", default="", metavar="编码", help="推送这个承办单位的工单")
@click.option("--system", default="", metavar="编码", help="推送与这个外部系统有关的工单")
@click.option("--event", "events", multiple=True, help="只推送这类事件，可多次给出；不给则全部")
def add(url: str, department: str, system: str, events: tuple[str, ...]) -> None:
    """登记推送地址，并显示验签密钥。"""

    async def run(desk: WebhookDesk) -> None:
        endpoint = await desk.add(url, department=department, system=system, events=events)
        _show_secret(desk, endpoint)
        if url.startswith("http:"):
            click.secho("! 地址不是 https，推送内容在网络上不加密，只可用于内网。", fg="yellow")

    _with_desk(run)


@webhooks.command("list")
def list_() -> None:
    """列出推送地址和各自的推送情况。"""

    async def run(desk: WebhookDesk) -> None:
        for endpoint in await desk.all():
            counts = await desk.counts(endpoint.id)
            state = f"已停用（{endpoint.disabled_because}）" if endpoint.disabled_at else "启用"
            owner = endpoint.department or endpoint.system
            click.secho(f"{endpoint.id}  {owner}  {state}", bold=True)
            click.echo(f"  {endpoint.url}  {'、'.join(endpoint.events) or '全部事件'}")
            click.echo(
                f"  已接收 {counts['done']}，待推送 {counts['waiting']}，"
                f"停止重试 {counts['given_up']}"
            )

    _with_desk(run)


@webhooks.command()
@click.argument("endpoint_id")
def secret(endpoint_id: str) -> None:
    """显示推送地址的验签密钥。"""

    async def run(desk: WebhookDesk) -> None:
        _show_secret(desk, await desk.get(endpoint_id))

    _with_desk(run)


@webhooks.command()
@click.argument("endpoint_id")
def renew(endpoint_id: str) -> None:
    """更换验签密钥；原密钥在一天内同时有效。"""

    async def run(desk: WebhookDesk) -> None:
        _show_secret(desk, await desk.renew(endpoint_id))

    _with_desk(run)


@webhooks.command()
@click.argument("endpoint_id")
def disable(endpoint_id: str) -> None:
    """停用推送地址。"""
    _with_desk(lambda desk: desk.disable(endpoint_id))


@webhooks.command()
@click.argument("endpoint_id")
def enable(endpoint_id: str) -> None:
    """重新启用推送地址；停用期间错过的用 replay 重发。"""
    _with_desk(lambda desk: desk.enable(endpoint_id))


@webhooks.command()
@click.argument("endpoint_id")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def deliveries(endpoint_id: str, limit: int) -> None:
    """列出最近的推送记录。"""
    zone = ZoneInfo(load_settings().timezone)

    async def run(desk: WebhookDesk) -> None:
        for row in await desk.deliveries(endpoint_id, limit):
            at = row.created_at.astimezone(zone)
            click.echo(f"{at:%Y-%m-%d %H:%M:%S}  msg_{row.id}  {row.event}  {_state(row, zone)}")

    _with_desk(run)


@webhooks.command()
@click.argument("endpoint_id")
@click.option("--since", metavar="时间", help="从这个时间起产生的，如 2026-11-20T08:00；默认三天前")
@click.option("--all", "everything", is_flag=True, help="已被接收的也重发；默认只重发停止重试的")
def replay(endpoint_id: str, since: str | None, everything: bool) -> None:
    """重发推送。编号（webhook-id）不变，对方据此去重。"""
    begin = _moment(since, ZoneInfo(load_settings().timezone))

    async def run(desk: WebhookDesk) -> None:
        count = await desk.replay(endpoint_id, begin, only_failed=not everything)
        click.echo(f"{count} 条将重新推送。")

    _with_desk(run)


def _show_secret(desk: WebhookDesk, endpoint: WebhookEndpoint) -> None:
    click.echo(f"推送地址编号  {endpoint.id}")
    click.echo(f"验签密钥      {desk.secret(endpoint)}")


def _state(row: WebhookDelivery, zone: ZoneInfo) -> str:
    if row.done_at:
        return "已接收"
    if row.next_at:
        again = row.next_at.astimezone(zone)
        return f"已试 {row.attempts} 次，{again:%m-%d %H:%M:%S} 再试  {row.last_error}".rstrip()
    return f"已停止重试（{row.attempts} 次）  {row.last_error}"


def _moment(text: str | None, zone: ZoneInfo) -> datetime:
    """A time without zone is the city's."""
    if text is None:
        return datetime.now(UTC) - timedelta(days=3)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"“{text}”不是时间，请写成 2026-11-20T08:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _with_desk(run: Callable[[WebhookDesk], Awaitable[R]]) -> R:
    return asyncio.run(_run(lay_ground(load_settings()), run))


async def _run(ground: Ground, run: Callable[[WebhookDesk], Awaitable[R]]) -> R:
    await ground.store.migrate()
    try:
        key = ground.secrets.webhook_key
        return await run(WebhookDesk(ground.store, ground.clock, ground.rules, key))
    finally:
        await ground.store.close()
