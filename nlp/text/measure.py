"""Measure the model on a city's own labelled messages: ``python -m nlp.text.measure``.

The labels of such a file are seldom our codes. A JSON file says which of our codes mean each of
its labels, e.g. ``{"城乡建设": ["C01", "C11", "C12"], …}``: request types, categories of any level,
or units. A label's confidence is the sum over its codes; the likeliest label is compared.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from config.settings import load_settings
from nlp.text.classify import Classifier
from nlp.text.corpus import CorpusError
from nlp.text.evaluate import Answer, TaskReport, report
from nlp.text.understander import Understander

Labels = Mapping[str, Sequence[str]]


def measure_csv(
    path: Path, text_columns: Sequence[str], label_column: str, labels: Labels, judge: Classifier
) -> TaskReport:
    """Compare the model with the labels of a CSV file. Rows with other labels are passed over."""
    answers = []
    for row in _rows(path, [*text_columns, label_column]):
        given = row[label_column].strip()
        if given in labels:
            text = "。".join(row[column] for column in text_columns)
            answers.append(_answer(given, labels, judge.confidences(text)))
    if not answers:
        raise CorpusError(f"{path.name} 的 {label_column} 列中没有对照表里的标签")
    return report(answers)


def _rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise CorpusError(f"{path.name} 没有 {'、'.join(missing)} 列")
            return list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path} 无法读取：{error}") from error


def _answer(given: str, labels: Labels, confidences: Mapping[str, float]) -> Answer:
    weights = {
        label: sum(confidences.get(code, 0.0) for code in codes) for label, codes in labels.items()
    }
    total = sum(weights.values())
    order = sorted(weights, key=lambda label: -weights[label])[:3]
    return Answer(given, tuple(order), weights[order[0]] / total if total else 0.0)


def main() -> None:
    """Print the scores of one CSV file."""
    parser = argparse.ArgumentParser(description="在本市自己的标注数据上测量文本模型")
    parser.add_argument("csv", type=Path)
    parser.add_argument("--text", required=True, help="正文列，多列用逗号隔开")
    parser.add_argument("--label", required=True, help="标签列")
    parser.add_argument("--map", required=True, type=Path, help="标签与本系统编码的对照表（JSON）")
    given = parser.parse_args()
    judge = Understander.load(load_settings()).classifier
    labels = json.loads(given.map.read_text(encoding="utf-8"))
    found = measure_csv(given.csv, given.text.split(","), given.label, labels, judge)
    print(f"{found.rows} 条", json.dumps(found.summary()))
    for label, score in found.classes.items():
        print(
            f"  {label}：P {score.precision:.3f} R {score.recall:.3f} F1 {score.f1:.3f}"
            f"（{score.support} 条）"
        )
    for (wanted, proposed), count in Counter(found.confusions).most_common(8):
        print(f"  {wanted} → {proposed}：{count}")


if __name__ == "__main__":
    main()
