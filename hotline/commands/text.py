"""``understand``, ``train``, ``evaluate``: the text side, without telephone or server."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from config.settings import load_settings
from hotline.logs import configure_logging
from hotline.text_model import train_text_model
from models.clock import SystemClock
from nlp.corpus import seed_files
from nlp.text.corpus import read_corpus
from nlp.text.evaluate import evaluate as evaluate_model
from nlp.text.jsonl import understand_jsonl, understanding_to_dict
from nlp.text.understander import Understander

_TASKS = {
    "request_type": "诉求类型",
    "level1": "诉求分类（一级）",
    "category": "诉求分类（末级）",
    "department": "承办单位",
}


@click.command()
@click.option("--jsonl", is_flag=True, help="从标准输入逐行读取 {id, text}，逐行输出 JSON")
@click.argument("text", required=False)
def understand(jsonl: bool, text: str | None) -> None:
    """理解一段诉求：类型、分类、承办单位、紧急程度和要素。"""
    settings = load_settings()
    configure_logging(settings)
    if not jsonl and not text:
        raise click.UsageError("请给出 TEXT，或用 --jsonl 从标准输入读取")
    understander = Understander.load(settings)
    if jsonl:
        sys.exit(understand_jsonl(sys.stdin, sys.stdout, understander))
    found = understander.understand(text or "", now=SystemClock().now())
    click.echo(json.dumps(understanding_to_dict(found), ensure_ascii=False, indent=2))


@click.command()
def train() -> None:
    """用种子语料训练新的文本模型并启用。"""
    settings = load_settings()
    configure_logging(settings)
    model = train_text_model(settings)
    click.echo(f"已启用新模型 {model.version}，用时 {model.manifest['seconds']} 秒")
    _show(model.manifest["held_out"], model.manifest["rows"]["held_out"])


@click.command()
@click.option("--json", "as_json", is_flag=True, help="输出完整的 JSON 报告")
def evaluate(as_json: bool) -> None:
    """在训练时未见过的语料上评测正在使用的文本模型。"""
    settings = load_settings()
    configure_logging(settings)
    understander = Understander.load(settings)
    resources = understander.resources
    rows = read_corpus(seed_files(), resources.taxonomy, resources.departments)
    unseen = [row for row in rows if row.held_out]
    report = evaluate_model(understander.classifier, unseen)
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
        return
    click.echo(f"模型 {understander.version}")
    _show(report.summary(), len(unseen))


def _show(summary: dict[str, Any], rows: int) -> None:
    click.echo(f"保留语料 {rows} 条：")
    for task, scores in summary.items():
        figures = "　".join(f"{name} {value:.3f}" for name, value in scores.items())
        click.echo(f"  {_TASKS.get(task, task)}：{figures}")
