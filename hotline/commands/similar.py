"""``hotline similar``: texts of the same matter in a file of one's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from config.settings import load_settings
from hotline.logs import configure_logging
from nlp.jsonl_lines import answer_lines
from nlp.similar.pool import read_pool


@click.command()
@click.option(
    "--pool",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    metavar="文件",
    help="被检索的 CSV 或 xlsx 文件",
)
@click.option("--id", "id_column", required=True, metavar="列名", help="编号所在的列")
@click.option(
    "--text", "text_columns", required=True, metavar="列名", help="正文所在的列，多列以逗号分隔"
)
@click.option("--jsonl", is_flag=True, help="从标准输入逐行读取 {id, text}，逐行输出 JSON")
def similar(path: Path, id_column: str, text_columns: str, jsonl: bool) -> None:
    """在一批诉求中查找说同一件事的，最相似的在前，最多十条。

    \b
    hotline similar --pool 历史工单.csv --id 工单号 --text 标题,内容 --jsonl < 新诉求.jsonl
    """
    if not jsonl:
        raise click.UsageError("请加 --jsonl，并从标准输入逐行给出 {id, text}")
    columns = [name.strip() for name in text_columns.split(",") if name.strip()]
    if not columns:
        raise click.UsageError("--text 没有给出列名")
    configure_logging(load_settings())
    pool, remarks = read_pool(path, id_column.strip(), columns)
    for remark in remarks:
        click.echo(f"提示：{remark}", err=True)

    def answer(name: str | int, text: str) -> dict[str, Any]:
        found = pool.similar(text, leave_out=str(name))
        return {"similar": [{"id": hit.id, "score": round(hit.score, 4)} for hit in found]}

    sys.exit(answer_lines(sys.stdin, sys.stdout, answer))
