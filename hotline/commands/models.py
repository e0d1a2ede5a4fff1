"""``models``: the versions of the text model, which is in use, and the way back."""

from __future__ import annotations

import click

from config.settings import load_settings
from models.clock import SystemClock
from nlp.text.understander import models_dir
from nlp.text.versions import Switch, history, in_use, roll_back, switch, versions


@click.group()
def models() -> None:
    """文本模型的版本：查看、启用、退回。运行中的服务几秒内换用。"""


@models.command("list")
def list_versions() -> None:
    """列出各版本，* 是正在使用的。"""
    folder = models_dir(load_settings())
    now = in_use(folder)
    for manifest in versions(folder):
        mark = "*" if manifest["version"] == now else " "
        figures = manifest["held_out"]
        click.echo(
            f"{mark} {manifest['version']}　{manifest['rows']['trained']} 条　"
            f"类型 {figures['request_type']['accuracy']:.3f}　"
            f"分类 {figures['category']['accuracy']:.3f}　"
            f"单位 {figures['department']['accuracy']:.3f}"
        )
    for made in history(folder)[-5:]:
        click.echo(f"{made.at}　{made.by} 启用 {made.version}（{made.reason}）")


@models.command()
@click.argument("version")
@click.option("--by", required=True, metavar="姓名", help="谁决定的")
def use(version: str, by: str) -> None:
    """启用某个版本。"""
    at = SystemClock().now()
    _tell(switch(models_dir(load_settings()), version, by=by, reason="指定启用", at=at))


@models.command()
@click.option("--by", required=True, metavar="姓名", help="谁决定的")
def rollback(by: str) -> None:
    """退回前一个启用的版本。"""
    _tell(roll_back(models_dir(load_settings()), by=by, at=SystemClock().now()))


def _tell(made: Switch) -> None:
    click.echo(f"已启用 {made.version}（此前 {made.before or '无'}）；运行中的服务几秒内换用")
