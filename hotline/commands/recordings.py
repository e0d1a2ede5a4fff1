"""``hotline retention`` and ``hotline recordings``: how long recordings stay, and whether whole."""

from __future__ import annotations

import asyncio
import sys

import click

from config.settings import load_settings
from dispatch.floor.recordings import RecordingRegister
from dispatch.floor.retention import MISSING, Retained, Retention
from dispatch.kept_files import KeptFiles, KeptFilesRun
from hotline.ground import Ground, lay_ground


@click.command()
@click.option("--delete", is_flag=True, help="真正删除；不加时只列出。")
@click.option("--dry-run", is_flag=True, help="只列出，不删除（默认）。")
def retention(delete: bool, dry_run: bool) -> None:
    """列出或删除已过保存期限的录音和工单材料。设有法定保留的不删。"""
    if delete and dry_run:
        raise click.UsageError("--delete 与 --dry-run 只能选一个")
    done, files = asyncio.run(_retain(lay_ground(load_settings()), dry=not delete))
    gone = (*done.deleted, *done.strays)
    for path in (*gone, *files.deleted):
        click.echo(path)
    held, prolonged = len(done.held), len(done.prolonged)
    verb = "已删除" if delete else "可删除"
    click.echo(f"录音：{verb} {len(gone)} 段；法定保留 {held} 段；因有工单延长 {prolonged} 段。")
    click.echo(f"工单材料：{verb} {len(files.deleted)} 份；法定保留 {len(files.held)} 份。")


@click.group()
def recordings() -> None:
    """录音的登记与核验。"""


@recordings.command()
def verify() -> None:
    """逐段核对校验和，列出被改动和丢失的录音。"""
    faults, total = asyncio.run(_verify(lay_ground(load_settings())))
    for path, what in faults:
        click.secho(f"{'丢失' if what == MISSING else '被改动'}  {path}", fg="red")
    if total:
        click.echo(f"新登记 {total} 段。")
    click.echo(f"发现 {len(faults)} 个问题。" if faults else "全部录音完好。")
    sys.exit(1 if faults else 0)


def _retention(ground: Ground) -> Retention:
    return Retention(ground.store, ground.clock, ground.settings, ground.rules)


async def _retain(ground: Ground, *, dry: bool) -> tuple[Retained, KeptFilesRun]:
    await ground.store.migrate()
    files = KeptFiles(ground.store, ground.clock, ground.settings, ground.rules)
    try:
        return await _retention(ground).run(dry=dry), await files.run(dry=dry)
    finally:
        await ground.store.close()


async def _verify(ground: Ground) -> tuple[list[tuple[str, str]], int]:
    """Faults, and how many files were entered first."""
    folder, rules = ground.settings.recordings_dir, ground.rules.retention
    await ground.store.migrate()
    try:
        entered = await RecordingRegister(ground.store, ground.clock, folder, rules).look()
        faults = await _retention(ground).verify()
    finally:
        await ground.store.close()
    return [(fault.path, fault.what) for fault in faults], entered
