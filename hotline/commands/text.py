"""``understand``: the text side, without telephone or server."""

from __future__ import annotations

import json
import sys

import click

from config.settings import load_settings
from hotline.logs import configure_logging
from models.clock import SystemClock
from nlp.text.jsonl import understand_jsonl, understanding_to_dict
from nlp.text.understander import Understander


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
