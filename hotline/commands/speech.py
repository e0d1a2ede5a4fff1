"""``hotline speech``: the models that turn speech into text."""

from __future__ import annotations

import os

import click

from config.settings import load_settings
from models.errors import SpeechUnavailable
from nlp.speech.install import install, remove
from nlp.speech.models import ModelInfo, choose, find_model, installed
from nlp.speech.trial import SPOKEN, Trial, try_out


@click.group()
def speech() -> None:
    """语音模型：查看、安装、选用、试用。"""


@speech.command("list")
def list_models() -> None:
    """列出可用的语音模型，标出正在使用的一个。"""
    settings = load_settings()
    try:
        used = find_model(settings).name
    except SpeechUnavailable as error:
        used = ""
        click.secho(str(error), fg="yellow", err=True)
    for model in installed(settings):
        mark = "*" if model.name == used else " "
        click.echo(f"{mark} {model.label}　{model.megabytes:.0f} MB　{model.path}")


@speech.command("install")
@click.argument("what", default="small")
def install_model(what: str) -> None:
    """安装语音模型：small（约 44 MB）、large（约 1.3 GB），或模型文件夹、zip 文件的路径。

    只有运行这条命令时才会联网下载；下载中断后再次运行会接着下载。
    """
    settings = load_settings()
    with click.progressbar(length=0, label="下载模型") as bar:

        def note(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        trials: list[Trial] = []
        model = install(what, settings, note, check=lambda path: trials.append(try_out(path)))
    click.echo(f"已安装 {model.label}（{model.megabytes:.0f} MB）：{model.path}")
    _show_trial(model, trials[0])
    used = find_model(settings)
    if used == model:
        click.echo("系统正在运行的，几秒钟后新的来电即使用它；正在进行的通话仍用原来的模型。")
    else:
        click.echo(f"现在使用的是 {used.label}。要换用它：hotline speech use {model.name}")


def _show_trial(model: ModelInfo, trial: Trial) -> None:
    """What it heard, and what it costs here."""
    cores = os.cpu_count() or 1
    streams = trial.live_streams(cores)
    click.echo(f"  测试语音：{SPOKEN}")
    click.echo(f"  识别结果：{trial.heard or '（没有识别出内容）'}")
    click.echo(f"  加载用时 {trial.load_seconds:.1f} 秒，识别进程占用内存 {trial.megabytes:.0f} MB")
    click.echo(f"  实时率 {trial.real_time_factor:.3f}（识别 1 秒语音所用的处理器秒数，单核）")
    click.echo(
        f"  本机 {cores} 核约可供 {streams} 人同时说话时实时转写；"
        f"一路通话通常一方说、一方听，按此约 {streams} 路。"
        "超出的部分会自动改为整句显示或通话后补转，不影响通话。"
    )
    if not model.practice:
        click.echo("  测试语音是合成的，真人录音训练的模型对它识别不准属正常现象。")


@speech.command("use")
@click.argument("name", default="")
def use_model(name: str) -> None:
    """选用一个已安装的语音模型；不写 NAME 时，恢复为自动选用最好的一个。

    系统不用重启：几秒钟后新的来电使用新模型，正在进行的通话用原来的模型直到结束。
    """
    model = choose(name, load_settings())
    click.echo(f"从现在起使用 {model.label}（{model.path}）。")


@speech.command("bench")
@click.argument("name", default="")
def bench_model(name: str) -> None:
    """试运行一个语音模型：能否加载、听得怎样、占多少资源、本机能带多少路。

    NAME 是已安装的模型名或模型文件夹的路径；不写时试正在使用的一个。
    """
    settings = load_settings(speech={"model": name}) if name else load_settings()
    model = find_model(settings)
    click.echo(f"{model.label}　{model.megabytes:.0f} MB　{model.path}")
    _show_trial(model, try_out(model.path))


@speech.command("remove")
@click.argument("name")
def remove_model(name: str) -> None:
    """删除一个已安装的语音模型。"""
    remove(name, load_settings())
    click.echo(f"已删除 {name}。")
