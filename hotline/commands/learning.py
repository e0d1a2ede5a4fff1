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
from hotline.commands.house_model import Sources, evaluate_house, figures, tell, train_house
from hotline.logs import configure_logging
from models.clock import SystemClock
from nlp.corpus import seed_files
from nlp.text.corpus import CorpusError, read_corpus
from nlp.text.evaluate import TaskReport, evaluate_labeller
from nlp.text.labeller import Labeller, label_jsonl
from nlp.text.report_page import Judged, page
from nlp.text.segment import Segmenter
from nlp.text.tables import Examples, read_examples

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--data", type=_FILE, help="带标签的数据：CSV 或 xlsx；不给则用种子语料")
@click.option("--text", "text", multiple=True, help="正文列，可多次给出或用逗号隔开")
@click.option("--label", help="标签列")
@click.option("--task", help="任务：type（类型）、category（分类）、unit（单位）或任意名称")
@click.option("--out", type=_FOLDER, help="模型写到哪个目录")
@click.option("--rows", type=_FILE, multiple=True, help="本市的历史诉求（正文、类型、分类、单位）")
@click.option("--orders", is_flag=True, help="本系统里由人确认或改正过的工单")
@click.option("--activate-by", "by", metavar="姓名", help="不论好坏都启用（训练热线自己的模型时）")
def train(
    data: Path | None,
    text: tuple[str, ...],
    label: str | None,
    task: str | None,
    out: Path | None,
    rows: tuple[Path, ...],
    orders: bool,
    by: str | None,
) -> None:
    """训练文本模型。

    \b
    hotline train                                  只用种子语料
    hotline train --orders --rows 历史工单.xlsx     再加上本系统的工单和本市的历史数据
    hotline train --data 数据.csv --text 正文 --label 标签 --task 名称 --out 目录   自定的标签
    """
    settings = load_settings()
    configure_logging(settings)
    if data is None:
        _refuse_without_data(text, label, task, out)
        train_house(settings, Sources(tables=rows, orders=orders), by)
        return
    _refuse_with_data(rows, orders, by)
    _need({"--text": text, "--label": label, "--task": task, "--out": out})
    assert label is not None and task is not None and out is not None
    _train_own(settings, data, _columns(text), label, task, out)


@click.command()
@click.option("--model", type=_FOLDER, help="模型目录；不给则评测正在使用的模型")
@click.option("--data", type=_FILE, help="带标签的数据：CSV 或 xlsx")
@click.option("--text", "text", multiple=True, help="正文列，可多次给出或用逗号隔开")
@click.option("--label", help="标签列")
@click.option("--version", help="评测某个版本，与使用中的对照")
@click.option("--rows", type=_FILE, multiple=True, help="另加本市的历史诉求中留作检验的部分")
@click.option("--orders", is_flag=True, help="另加本系统工单中留作检验的部分")
@click.option("--json", "as_json", is_flag=True, help="输出完整的 JSON 报告")
@click.option("--html", type=_FILE, help="把报告写成网页：曲线、各类、混淆、判错的例子")
def evaluate(
    model: Path | None,
    data: Path | None,
    text: tuple[str, ...],
    label: str | None,
    version: str | None,
    rows: tuple[Path, ...],
    orders: bool,
    as_json: bool,
    html: Path | None,
) -> None:
    """评测：正在使用的模型（不带参数）、某个版本，或自己的模型和数据。"""
    settings = load_settings()
    configure_logging(settings)
    if model is None and data is None:
        sources = Sources(tables=rows, orders=orders)
        evaluate_house(settings, sources, version, as_json=as_json, html=html)
        return
    _refuse_with_data(rows, orders, version)
    _need({"--model": model, "--data": data, "--text": text, "--label": label})
    assert model is not None and data is not None and label is not None
    _evaluate_own(settings, model, data, _columns(text), label, as_json=as_json, html=html)


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
    tell(model.manifest["repairs"])
    manifest = model.manifest
    click.echo(
        f"模型已写入 {out}：{manifest['rows']['trained']} 条，{len(manifest['labels'])} 个标签，"
        f"用时 {manifest['seconds']} 秒"
    )
    click.echo(f"留一检验（略偏乐观）：{figures(manifest['leave_one_out'])}")
    sure = manifest["thresholds"][task]
    click.echo(
        f"置信度不低于 {sure['confidence']:.2f} 时作答：覆盖 {sure['coverage']:.0%}，"
        f"准确率 {sure['accuracy']:.1%}（目标 {sure['wanted']:.0%}）"
        if sure["coverage"]
        else f"任何置信度都达不到 {sure['wanted']:.0%} 的准确率，建议一律由人判断"
    )


def _evaluate_own(
    settings: Settings,
    folder: Path,
    data: Path,
    text: Sequence[str],
    label: str,
    *,
    as_json: bool,
    html: Path | None,
) -> None:
    labeller = Labeller.load(folder, _segmenter(settings).words)
    examples = read_examples(data, text, label)
    tell([*examples.repairs, *_strangers(examples, labeller)])
    found = evaluate_labeller(labeller, examples.rows)
    if html:
        html.write_text(_page(labeller, data, found), "utf-8")
    if as_json:
        head = {"model": labeller.model.version, "task": labeller.task}
        click.echo(json.dumps({**head, **found.as_dict()}, ensure_ascii=False, indent=2))
        return
    click.echo(f"模型 {labeller.model.version}，{found.rows} 条")
    click.echo(figures(found.summary()))
    _show_classes(found)


def _page(labeller: Labeller, data: Path, found: TaskReport) -> str:
    version, task = labeller.model.version, labeller.task
    judged = Judged(title=version, tasks={task: found})
    remarks = [f"在 {data.name} 的 {found.rows} 条上测得。"]
    return page(f"模型评测：{version}", remarks, [judged], {}, lambda _task, label: label)


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


def _refuse_with_data(*options: object) -> None:
    if any(options):
        raise click.UsageError(
            "--rows、--orders、--version、--activate-by 用于热线自己的模型，不和 --data 一起用"
        )


def _show_classes(found: TaskReport) -> None:
    for label, score in found.classes.items():
        click.echo(
            f"  {label}：精确率 {score.precision:.3f}　召回率 {score.recall:.3f}　"
            f"F1 {score.f1:.3f}（{score.support} 条）"
        )
