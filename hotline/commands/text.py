"""``understand``, ``train``, ``evaluate``: the text side, without telephone or server."""

from __future__ import annotations

import sys

import click
from nlp.text.jsonl import understand_jsonl
from nlp.text.training import train_text_model
from nlp.text.understander import Understander

from config.settings import load_settings
from hotline.logs import configure_logging


@click.command()
@click.option("--jsonl", is_flag=True, help="从标准输入逐行读取 {id, text}，逐行输出 JSON")
@click.argument("text", required=False)
def understand(jsonl: bool, text: str | None) -> None:
    """理解一段诉求：类型、分类、承办单位、紧急程度和要素。"""
    settings = load_settings()
    configure_logging(settings)
    understander = Understander.load(settings)
    if jsonl:
        sys.exit(understand_jsonl(sys.stdin, sys.stdout, understander))
    if not text:
        raise click.UsageError("请给出 TEXT，或用 --jsonl 从标准输入读取")


@click.command()
def train() -> None:
    """用种子语料训练新的文本模型并启用。"""
    settings = load_settings()
    configure_logging(settings)
    click.echo(train_text_model(settings))


@click.command()
@click.option("--json", "as_json", is_flag=True)
def evaluate(as_json: bool) -> None:
    """在保留的数据上评测正在使用的文本模型。"""
