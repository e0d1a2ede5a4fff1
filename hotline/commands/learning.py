"""``train``, ``evaluate``, ``predict``: learning from labelled rows, and how good it came out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from config.departments import load_departments
from config.lexicon import load_lexicon
from config.settings import Settings, load_settings
from hotline.logs import configure_logging
from hotline.text_model import train_text_model
from models.clock import SystemClock
from nlp.corpus import seed_files
from nlp.text.corpus import CorpusError, LabelledText, read_corpus
from nlp.text.evaluate import TaskReport, evaluate_labeller
from nlp.text.evaluate import evaluate as evaluate_model
from nlp.text.labeller import Labeller, label_jsonl
from nlp.text.model import ModelUnavailable
from nlp.text.segment import Segmenter
from nlp.text.tables import Examples, read_examples
from nlp.text.understander import Understander, models_dir
from nlp.text.versions import better, in_use, switch

_TASKS = {
    "request_type": "诉求类型",
    "level1": "诉求分类（一级）",
    "category": "诉求分类（末级）",
    "department": "承办单位",
}
_FIGURES = {
    "accuracy": "准确率",
    "top3": "前三命中",
    "macro_f1": "宏平均 F1",
    "calibration_error": "校准误差",
    "accuracy_at_80": "覆盖八成时的准确率",
}

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--data", type=_FILE, help="带标签的数据：CSV 或 xlsx；不给则用种子语料")
@click.option("--text", "text", multiple=True, help="正文列，可多次给出或用逗号隔开")
@click.option("--label", help="标签列")
@click.option("--task", help="任务：type（类型）、category（分类）、unit（单位）或任意名称")
@click.option("--out", type=_FOLDER, help="模型写到哪个目录")
@click.option("--activate-by", "by", metavar="姓名", help="不论好坏都启用（种子语料训练时）")
def train(
    data: Path | None,
    text: tuple[str, ...],
    label: str | None,
    task: str | None,
    out: Path | None,
    by: str | None,
) -> None:
    """训练文本模型：用种子语料（不带参数），或用自己的数据。"""
    settings = load_settings()
    configure_logging(settings)
    if data is None:
        _refuse_without_data(text, label, task, out)
        _train_house(settings, by)
        return
    _need({"--text": text, "--label": label, "--task": task, "--out": out})
    assert label is not None and task is not None and out is not None
    _train_own(settings, data, _columns(text), label, task, out)


@click.command()
@click.option("--model", type=_FOLDER, help="模型目录；不给则评测正在使用的模型")
@click.option("--data", type=_FILE, help="带标签的数据：CSV 或 xlsx")
@click.option("--text", "text", multiple=True, help="正文列，可多次给出或用逗号隔开")
@click.option("--label", help="标签列")
@click.option("--json", "as_json", is_flag=True, help="输出完整的 JSON 报告")
def evaluate(
    model: Path | None, data: Path | None, text: tuple[str, ...], label: str | None, as_json: bool
) -> None:
    """评测：正在使用的模型（不带参数），或自己的模型和数据。"""
    settings = load_settings()
    configure_logging(settings)
    if model is None and data is None:
        _evaluate_house(settings, as_json)
        return
    _need({"--model": model, "--data": data, "--text": text, "--label": label})
    assert model is not None and data is not None and label is not None
    _evaluate_own(settings, model, data, _columns(text), label, as_json)


@click.command()
@click.option("--model", type=_FOLDER, required=True, help="hotline train --out 写出的模型目录")
@click.option("--jsonl", is_flag=True, help="从标准输入逐行读取 {id, text}，逐行输出 JSON")
@click.argument("text", required=False)
def predict(model: Path, jsonl: bool, text: str | None) -> None:
    """用自己训练的模型判断：给出全部标签和置信度。"""
    settings = load_settings()
    configure_logging(settings)
    if not jsonl and not text:
        raise click.UsageError("请给出 TEXT，或用 --jsonl 从标准输入读取")
    labeller = Labeller.load(model, _segmenter(settings).words)
    if jsonl:
        sys.exit(label_jsonl(sys.stdin, sys.stdout, labeller))
    found = [vars(one) for one in labeller.label(text or "")]
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


def _train_house(settings: Settings, by: str | None) -> None:
    """A new model goes live when it is better on the same rows, or a named person wants it."""
    folder = models_dir(settings)
    before = in_use(folder)
    model = train_text_model(settings, activate=False)
    click.echo(f"已训练模型 {model.version}，用时 {model.manifest['seconds']} 秒")
    figures = model.manifest["held_out"]
    _show(figures, model.manifest["rows"]["held_out"])
    old = _figures_in_use(settings) if before else None
    if old is not None:
        click.echo(f"现用模型 {before} 在同一批语料上：")
        _show(old, model.manifest["rows"]["held_out"])
    if old is not None and not better(figures, old) and by is None:
        click.echo(
            f"新模型没有更好，未启用。仍要启用：hotline models use {model.version} --by 姓名"
        )
        return
    reason = "首次训练" if old is None else "优于现用模型" if better(figures, old) else "指定启用"
    switch(folder, model.version, by=by or "自动", reason=reason, at=SystemClock().now())
    click.echo(f"已启用新模型 {model.version}（{reason}）")


def _figures_in_use(settings: Settings) -> dict[str, Any] | None:
    """Of the model in use, on the rows held out now; None when it cannot be read any more."""
    try:
        understander = Understander.load(settings)
    except ModelUnavailable:
        return None
    return evaluate_model(understander.classifier, _held_out(understander)).summary()


def _held_out(understander: Understander) -> list[LabelledText]:
    resources = understander.resources
    rows = read_corpus(seed_files(), resources.taxonomy, resources.departments)
    return [row for row in rows if row.held_out]


def _train_own(
    settings: Settings, data: Path, text: Sequence[str], label: str, task: str, out: Path
) -> None:
    from nlp.text.learn import check_folder, learn, write_model  # takes seconds to import

    check_folder(out)
    examples = read_examples(data, text, label)
    ordinary = _ordinary(settings) if examples.tokenised else ()
    model = learn(
        examples,
        task,
        _segmenter(settings).words,
        now=SystemClock().now(),
        ordinary=ordinary,
        wanted=settings.text.sure,
    )
    write_model(model, out)
    _tell(model.manifest["repairs"])
    manifest = model.manifest
    click.echo(
        f"模型已写入 {out}：{manifest['rows']['trained']} 条，{len(manifest['labels'])} 个标签，"
        f"用时 {manifest['seconds']} 秒"
    )
    click.echo(f"留一检验（略偏乐观）：{_figures(manifest['leave_one_out'])}")
    sure = manifest["thresholds"][task]
    click.echo(
        f"置信度不低于 {sure['confidence']:.2f} 时作答：覆盖 {sure['coverage']:.0%}，"
        f"准确率 {sure['accuracy']:.1%}（目标 {sure['wanted']:.0%}）"
        if sure["coverage"]
        else f"任何置信度都达不到 {sure['wanted']:.0%} 的准确率，建议一律由人判断"
    )


def _evaluate_house(settings: Settings, as_json: bool) -> None:
    understander = Understander.load(settings)
    unseen = _held_out(understander)
    found = evaluate_model(understander.classifier, unseen)
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
        return
    click.echo(f"模型 {understander.version}")
    _show(found.summary(), len(unseen))


def _evaluate_own(
    settings: Settings, folder: Path, data: Path, text: Sequence[str], label: str, as_json: bool
) -> None:
    labeller = Labeller.load(folder, _segmenter(settings).words)
    examples = read_examples(data, text, label)
    _tell([*examples.repairs, *_strangers(examples, labeller)])
    found = evaluate_labeller(labeller, examples.rows)
    if as_json:
        head = {"model": labeller.model.version, "task": labeller.task}
        click.echo(json.dumps({**head, **found.as_dict()}, ensure_ascii=False, indent=2))
        return
    click.echo(f"模型 {labeller.model.version}，{found.rows} 条")
    click.echo(_figures(found.summary()))
    _show_classes(found)


def _strangers(examples: Examples, labeller: Labeller) -> list[str]:
    """Labels of the data that the model cannot know: each row of them counts as wrong."""
    counts = examples.counts
    unknown = [label for label in counts if label not in labeller.labels]
    if len(unknown) == len(counts):
        raise CorpusError(
            f"数据里的标签（{_some(unknown)}）模型都没学过；模型的标签是：{_some(labeller.labels)}"
        )
    rows = sum(counts[label] for label in unknown)
    return [f"标签“{_some(unknown)}”模型没学过，其 {rows} 条按判错计"] if unknown else []


def _some(labels: Sequence[str]) -> str:
    return "、".join(labels[:12]) + (f" 等 {len(labels)} 个" if len(labels) > 12 else "")


def _segmenter(settings: Settings) -> Segmenter:
    rules = settings.rules
    return Segmenter(load_lexicon(rules), load_departments(rules), settings.var / "cache")


def _ordinary(settings: Settings) -> list[str]:
    """Messages as people write them."""
    from config.taxonomy import load_taxonomy

    taxonomy, departments = load_taxonomy(), load_departments()
    return [row.text for row in read_corpus(seed_files(), taxonomy, departments)]


def _columns(given: Sequence[str]) -> list[str]:
    """``--text a,b --text c``: all three."""
    return [name for part in given for column in part.split(",") if (name := column.strip())]


def _need(options: dict[str, Any]) -> None:
    if missing := [name for name, value in options.items() if not value]:
        raise click.UsageError(f"还需要给出 {'、'.join(missing)}")


def _refuse_without_data(*options: object) -> None:
    if any(options):
        raise click.UsageError("--text、--label、--task、--out 要和 --data 一起用")


def _tell(repairs: Sequence[str]) -> None:
    """What was mended, apart from the result."""
    for said in repairs:
        click.echo(f"注意：{said}", err=True)


def _figures(summary: dict[str, float]) -> str:
    return "　".join(f"{_FIGURES.get(k, k)} {value:.3f}" for k, value in summary.items())


def _show(summary: dict[str, Any], rows: int) -> None:
    click.echo(f"保留语料 {rows} 条：")
    for task, scores in summary.items():
        click.echo(f"  {_TASKS.get(task, task)}：{_figures(scores)}")


def _show_classes(found: TaskReport) -> None:
    for label, score in found.classes.items():
        click.echo(
            f"  {label}：精确率 {score.precision:.3f}　召回率 {score.recall:.3f}　"
            f"F1 {score.f1:.3f}（{score.support} 条）"
        )
