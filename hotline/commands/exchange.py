"""``hotline exchange``: our own Asterisk alone, for several ``hotline serve`` beside it."""

from __future__ import annotations

import asyncio
import signal

import click

from config.secrets import load_or_create_secrets
from config.settings import Settings, load_settings
from hotline.logs import configure_logging
from models.errors import ConfigurationError
from telephony.asterisk.process import AsteriskProcess
from telephony.asterisk.prompts import make_prompts


@click.command()
def exchange() -> None:
    """只运行自带的电话交换程序，供几个 serve 进程共用（见 docs/operations.md）。"""
    settings = load_settings()
    configure_logging(settings)
    if settings.asterisk.ari_url:
        raise ConfigurationError("已设置 asterisk.ari_url：交换程序由别处运行，这里不再启动。")
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    secrets = load_or_create_secrets(settings)
    process = AsteriskProcess(
        settings=settings, secrets=secrets, prompts=await make_prompts(settings)
    )
    found = await process.ensure_running()
    click.echo(f"电话交换程序{'已在运行' if found else '已启动'}：{process.ari_url}")
    await stop.wait()
    await process.stop()
    click.echo("已停止。")
