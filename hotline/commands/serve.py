"""``hotline init`` and ``hotline serve``."""

from __future__ import annotations

import asyncio
import signal
import sys

import click
import uvloop

from agent_console.accounts import NewStaff, demo_accounts, seed_demo_staff
from config.settings import Settings, load_settings
from hotline.ground import lay_ground
from hotline.logs import configure_logging
from hotline.text_model import load_understander
from models.vocabulary import Role

#: The database works in threads, which wait this long for the event loop's thread at each step;
#: with Python's own 5 ms a busy floor's writes pile up.
_SWITCH_SECONDS = 0.0005


@click.command()
def init() -> None:
    """准备数据库、密码、演示账号和文本模型；可以重复执行，serve 也会自动准备。"""
    settings = load_settings()
    configure_logging(settings)
    asyncio.run(_init(settings))


async def _init(settings: Settings) -> None:
    ground = lay_ground(settings)
    click.echo("· 数据库")
    await ground.store.migrate()
    if settings.demo:
        click.echo("· 演示账号")
        await seed_demo_staff(ground.store, ground.secrets.demo_password, settings)
    await ground.store.close()
    click.echo("· 文本理解模型")
    understander = await asyncio.to_thread(load_understander, settings)
    click.echo(f"  {understander.version}")


@click.command()
def serve() -> None:
    """启动热线，直到按下 Ctrl-C。"""
    settings = load_settings()
    configure_logging(settings)
    sys.setswitchinterval(_SWITCH_SECONDS)
    # Sixty calls are six thousand packets of sound a second: this loop takes them for less.
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    # Heavy to import; the other commands do not need it.
    from hotline.system import System

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    click.echo("正在启动……")
    async with System(settings, tell=lambda step: click.echo(f"· {step}")) as system:
        _welcome(settings, system.ground.secrets.demo_password)
        await stop.wait()
        click.echo("\n正在停止……")
    click.echo("已停止。")


def _welcome(settings: Settings, password: str) -> None:
    address = f"http://{settings.web.host}:{settings.web.port}"
    click.secho(f"\n12345 热线已启动：{address}", fg="green", bold=True)
    if settings.demo:
        _welcome_demo(address, settings, password)
    click.echo("按 Ctrl-C 停止。\n")


def _welcome_demo(address: str, settings: Settings, password: str) -> None:
    click.echo(f"\n演示账号（密码均为 {password}）：")
    for account in _one_of_each(demo_accounts(settings)):
        roles = "、".join(Role(role).label for role in account.roles)
        click.echo(f"  {account.username:<12}{account.name}　{roles}")
    click.echo(
        f"\n打第一个电话：\n"
        f"  1. 用浏览器打开 {address}，以话务员 huawu1 登录，签入后点“示闲”；\n"
        f"  2. 另开一个窗口打开 {address}/phone，点“拨打 {settings.telephony.hotline_number}”；\n"
        f"  3. 在话务员窗口接听、说话、登记、派单。\n"
        f"  没有麦克风时可运行 .venv/bin/hotline demo --calls 5，由模拟市民来电。"
    )


def _one_of_each(accounts: list[NewStaff]) -> list[NewStaff]:
    """The first holder of each post is enough to begin with."""
    seen: set[Role] = set()
    chosen = []
    for account in accounts:
        if not set(account.roles) <= seen:
            seen |= set(account.roles)
            chosen.append(account)
    return chosen
