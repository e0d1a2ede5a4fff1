"""``hotline transcribe``: recordings to text: files, folders, the calls of a period."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from config.settings import Settings, load_settings
from hotline.ground import lay_ground
from hotline.logs import configure_logging
from models.errors import HotlineError, InvalidInput, SpeechUnavailable
from models.speech import SpeechProfile, Utterance
from nlp.catch_up import EVER, CatchUp, Period
from nlp.speech.files import to_json, transcribe_file, transcribe_wav
from nlp.speech.service import SpeechService
from nlp.transcripts import TranscriptStore

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="输出 JSON 列表（单个文件）")
@click.option("--out", type=click.Path(path_type=Path), help="文件夹的转写结果放到这里")
@click.option("--from", "since", type=_DAY, help="只转写这一天起的通话，如 2026-11-01")
@click.option("--to", "until", type=_DAY, help="只转写到这一天（含）的通话")
@click.option("--dictation", is_flag=True, help="录音里只有一个人口述：停下来想一想不断成两句")
@click.option("--again", is_flag=True, help="由别的模型转写过的通话，也用现在的模型重新转写")
def transcribe(
    path: Path | None,
    as_json: bool,
    out: Path | None,
    since: datetime | None,
    until: datetime | None,
    dictation: bool,
    again: bool,
) -> None:
    """把录音转成文字。PATH 是一个录音文件，或一个文件夹；不写 PATH 时转写系统里的通话。

    \b
    hotline transcribe 录音.wav              转写一个文件，显示在屏幕上
    hotline transcribe 录音文件夹            其中每个 wav 文件旁边生成同名的 .json
    hotline transcribe                       补转所有转写不完整的通话
    hotline transcribe --from 2026-11-01 --again   用现在的模型重新转写十一月以来的通话

    双声道录音视为两个人：左声道市民，右声道坐席。中断后再次运行，已经转写好的不会重做。
    """
    settings = load_settings()
    configure_logging(settings)
    profile = SpeechProfile.DICTATION if dictation else SpeechProfile.DIALOGUE
    if path is None and dictation:
        raise InvalidInput("--dictation 用于文件或文件夹；系统里的留言本来就按口述转写。")
    if path is None:
        period = _period(since, until, ZoneInfo(settings.timezone))
        sys.exit(asyncio.run(_calls(settings, period, again)))
    if since or until or again:
        raise InvalidInput("--from、--to、--again 用于系统里的通话，不能和文件或文件夹一起用。")
    if path.is_dir():
        sys.exit(asyncio.run(_folder(path, out or path, settings, profile)))
    asyncio.run(_file(path, settings, as_json, profile))


def _period(since: datetime | None, until: datetime | None, zone: ZoneInfo) -> Period:
    """Local days, both included."""
    if since and until and until < since:
        raise InvalidInput("--to 早于 --from，请检查日期。")
    begin = since.replace(tzinfo=zone) if since else EVER.since
    end = (until + timedelta(days=1)).replace(tzinfo=zone) if until else EVER.until
    return Period(since=begin, until=end)


async def _file(file: Path, settings: Settings, as_json: bool, profile: SpeechProfile) -> None:
    utterances, speakers_known = await transcribe_wav(file, settings, profile=profile)
    if as_json:
        rows = to_json(utterances, speakers_known=speakers_known)
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for item in utterances:
        speaker = f"{item.leg.label}　" if speakers_known else ""
        click.echo(f"[{item.start:7.2f}–{item.end:7.2f}] {speaker}{item.text}")


async def _folder(folder: Path, out: Path, settings: Settings, profile: SpeechProfile) -> int:
    """Each recording gets a JSON file; those that have one already are passed over."""
    waiting = [
        (sound, target)
        for sound in sorted(folder.rglob("*.wav"))
        if not _is_done(sound, target := out / sound.relative_to(folder).with_suffix(".json"))
    ]
    if not waiting:
        click.echo("文件夹里没有待转写的 wav 录音。")
        return 0
    service = await _started(settings)
    refused: list[str] = []
    try:
        with click.progressbar(waiting, label="转写录音") as bar:
            for sound, target in bar:
                try:
                    await _write(service, sound, target, profile)
                except HotlineError as error:
                    refused.append(f"{sound}：{error}")
    finally:
        await service.stop()
    for line in refused:
        click.secho(line, fg="yellow", err=True)
    click.echo(f"转写完成 {len(waiting) - len(refused)} 个，未能完成 {len(refused)} 个。")
    return 1 if refused else 0


def _is_done(sound: Path, target: Path) -> bool:
    return target.exists() and target.stat().st_mtime >= sound.stat().st_mtime


async def _write(service: SpeechService, sound: Path, target: Path, profile: SpeechProfile) -> None:
    """Under its name only when it is whole: whoever stops in between begins this one anew."""
    utterances = await transcribe_file(service, sound, profile=profile)
    two = len({item.leg for item in utterances}) > 1
    rows = to_json(utterances, speakers_known=two)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".json.part")
    draft.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    draft.replace(target)


async def _calls(settings: Settings, period: Period, again: bool) -> int:
    ground = lay_ground(settings)
    await ground.store.migrate()
    service = await _started(settings)
    try:

        async def one(path: Path, profile: SpeechProfile) -> Sequence[Utterance]:
            return await transcribe_file(service, path, profile=profile)

        worker = CatchUp(
            ground.store,
            ground.bus,
            TranscriptStore(ground.store),
            one,
            settings.recordings_dir,
            lambda: service.status.model,
        )
        return await _work_off(worker, period, again)
    finally:
        await service.stop()
        await ground.store.close()


async def _started(settings: Settings) -> SpeechService:
    service = SpeechService(settings, lambda _: None)
    await service.start()
    if not service.status.available:
        await service.stop()
        raise SpeechUnavailable(service.status.reason)
    return service


async def _work_off(worker: CatchUp, period: Period, again: bool) -> int:
    waiting = await worker.pending(period, again=again)
    if not waiting:
        click.echo("没有待补转的通话。")
        return 0
    with click.progressbar(length=len(waiting), label="补转录音") as bar:
        done = await worker.work_off(lambda index, _total: bar.update(1), waiting)
    click.echo(f"补转完成 {done} 通，未能完成 {len(waiting) - done} 通。")
    return 0 if done == len(waiting) else 1
