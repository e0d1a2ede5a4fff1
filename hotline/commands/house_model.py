"""The hotline's own text model: trained, compared with the one in use, put live."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from config.settings import Settings
from hotline.text_model import train_text_model
from models.clock import SystemClock
from models.store import Store
from models.vocabulary import RequestType
from nlp.corpus import seed_files
from nlp.text.classify import Classifier
from nlp.text.corpus import LabelledText, read_corpus
from nlp.text.evaluate import Report
from nlp.text.evaluate import evaluate as evaluate_model
from nlp.text.imported import read_rows
from nlp.text.model import ModelUnavailable, load_model
from nlp.text.order_rows import rows_of_orders
from nlp.text.report_page import Judged, page
from nlp.text.resources import Resources
from nlp.text.understander import Understander, load_resources, models_dir
from nlp.text.versions import REPORT, better, in_use, switch

TASKS = {
    "request_type": "诉求类型",
    "level1": "诉求分类（一级）",
    "category": "诉求分类（末级）",
    "department": "承办单位",
}
FIGURES = {
    "accuracy": "准确率",
    "top3": "前三命中",
    "macro_f1": "宏平均 F1",
    "calibration_error": "校准误差",
    "accuracy_at_80": "覆盖八成时的准确率",
}


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What is learned from, or measured on, besides the seed corpus."""

    tables: Sequence[Path] = ()
    orders: bool = False

    def rows(self, settings: Settings, resources: Resources) -> list[LabelledText]:
        """All of them; what cannot be used is told."""
        found: dict[str, LabelledText] = {}
        for path in self.tables:
            table = read_rows(path, resources.taxonomy, resources.departments)
            tell(table.faults)
            click.echo(f"{path.name}：{len(table.rows)} 条可用")
            found |= {row.id: row for row in table.rows}
        if self.orders:
            found |= {row.id: row for row in asyncio.run(_orders(settings, resources))}
        return list(found.values())


async def _orders(settings: Settings, resources: Resources) -> list[LabelledText]:
    store = Store(settings.effective_database_url, SystemClock())
    try:
        await store.migrate()
        found = await rows_of_orders(store, resources.taxonomy, resources.departments)
    finally:
        await store.close()
    tell([f"{count} 张工单未用：{reason}" for reason, count in found.passed_over.items()])
    click.echo(f"本系统的工单：{len(found.rows)} 条可用")
    return found.rows


def train_house(settings: Settings, sources: Sources, by: str | None) -> None:
    """A new model goes live when it is better on the same rows, or a named person wants it."""
    folder = models_dir(settings)
    before = in_use(folder)
    resources = load_resources(settings)
    further = sources.rows(settings, resources)
    model = train_text_model(settings, activate=False, further=further)
    click.echo(f"已训练模型 {model.version}，用时 {model.manifest['seconds']} 秒")
    rows = _held_out(resources, further)
    new = _measured(settings, resources, model.version, rows)
    assert new is not None
    show(new.summary(), len(rows))
    old = _measured(settings, resources, before, rows) if before else None
    if old is not None:
        click.echo(f"现用模型 {before} 在同一批语料上：")
        show(old.summary(), len(rows))
    target = folder / model.version / REPORT
    target.write_text(_page(resources, model.version, new, before, old), "utf-8")
    click.echo(f"评测报告：{target}")
    _decide(settings, model.version, new, old, by)


def _decide(
    settings: Settings, version: str, new: Report, old: Report | None, by: str | None
) -> None:
    won = old is not None and better(new.summary(), old.summary())
    if old is not None and not won and by is None:
        click.echo(f"新模型没有更好，未启用。仍要启用：hotline models use {version} --by 姓名")
        return
    reason = "首次训练" if old is None else "优于现用模型" if won else "指定启用"
    at = SystemClock().now()
    switch(models_dir(settings), version, by=by or "自动", reason=reason, at=at)
    click.echo(f"已启用新模型 {version}（{reason}）")


def evaluate_house(
    settings: Settings, sources: Sources, version: str | None, *, as_json: bool, html: Path | None
) -> None:
    """The model in use, or another beside it, on the rows kept for testing."""
    resources = load_resources(settings)
    before = Understander.load(settings).version
    judged = version or before
    rows = _held_out(resources, sources.rows(settings, resources))
    found = {name: _measured(settings, resources, name, rows) for name in {judged, before}}
    report = found[judged]
    if report is None:
        raise ModelUnavailable(f"没有可用的模型版本 {judged}，可用的见 hotline models list")
    if html:
        html.write_text(_page(resources, judged, report, before, found[before]), "utf-8")
    if as_json:
        beside = found[before] if judged != before else None
        in_use_now = {"in_use": beside.as_dict()} if beside else {}
        told = {"model": judged, **report.as_dict(), **in_use_now}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for name in dict.fromkeys((judged, before)):
        if (one := found[name]) is not None:
            click.echo(f"模型 {name}{'（使用中）' if name == before else ''}")
            show(one.summary(), len(rows))


def _measured(
    settings: Settings, resources: Resources, version: str, rows: Sequence[LabelledText]
) -> Report | None:
    """None when it cannot be read any more."""
    try:
        model = load_model(models_dir(settings) / version, resources.segmenter.words)
    except ModelUnavailable:
        return None
    return evaluate_model(Classifier(model, resources), rows)


def _held_out(resources: Resources, further: Sequence[LabelledText]) -> list[LabelledText]:
    rows = read_corpus(seed_files(), resources.taxonomy, resources.departments)
    return [row for row in (*rows, *further) if row.held_out]


# --- the page ----------------------------------------------------------------------------------


def _page(
    resources: Resources, version: str, report: Report, before: str, old: Report | None
) -> str:
    models = [Judged(title=version, tasks=report.tasks)]
    if old is not None and before != version:
        models.append(Judged(title=f"{before}（使用中）", tasks=old.tasks))
    remarks = [
        f"在 {report.rows} 条没有参加训练的语料上测得；哪些留作检验由编号决定，不随训练变动。",
        "置信度与正确率越接近，校准误差越小。",
    ]

    def name(task: str, code: str) -> str:
        return _label(resources, task, code)

    return page(f"文本模型评测：{version}", remarks, models, TASKS, name)


def _label(resources: Resources, task: str, code: str) -> str:
    if task == "request_type" and code in set(RequestType):
        return RequestType(code).label
    if task == "category" and code in resources.taxonomy:
        return " / ".join(resources.taxonomy.get(code).path)
    if task == "department" and code in resources.departments:
        return resources.departments.get(code).name
    return code


# --- words -------------------------------------------------------------------------------------


def tell(repairs: Sequence[str]) -> None:
    """What was mended, apart from the result."""
    for said in repairs:
        click.echo(f"注意：{said}", err=True)


def figures(summary: dict[str, float]) -> str:
    """One line."""
    return "　".join(f"{FIGURES.get(k, k)} {value:.3f}" for k, value in summary.items())


def show(summary: dict[str, Any], rows: int) -> None:
    """All tasks."""
    click.echo(f"保留语料 {rows} 条：")
    for task, scores in summary.items():
        click.echo(f"  {TASKS.get(task, task)}：{figures(scores)}")
