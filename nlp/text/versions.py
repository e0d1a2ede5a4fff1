"""Which version of the hotline's own model is in use, who decided so, and the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nlp.text.model import MANIFEST, ModelUnavailable, current_folder, make_current, read_manifest

#: The page about how good a version is, inside its folder.
REPORT = "report.html"
_HISTORY = "history.jsonl"
#: No task may lose more accuracy than this for a model to count as better.
_SLACK = 0.01


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One change of the version in use. ``by``: a person's name, or 自动."""

    at: str
    version: str
    before: str
    by: str
    reason: str


def versions(models_dir: Path) -> list[dict[str, Any]]:
    """The manifest of every version that is whole, oldest first."""
    found = []
    for manifest in sorted(models_dir.glob(f"*/{MANIFEST}")):
        try:
            found.append(read_manifest(manifest.parent))
        except ModelUnavailable:
            continue  # of an earlier program, or damaged: it cannot be used
    return found


def in_use(models_dir: Path) -> str:
    """The version in use; empty before the first training."""
    try:
        return current_folder(models_dir).name
    except ModelUnavailable:
        return ""


def switch(models_dir: Path, version: str, *, by: str, reason: str, at: datetime) -> Switch:
    """Put a version in use and keep who did it.

    :raises ModelUnavailable: when there is no such version.
    """
    made = Switch(
        at=at.isoformat(timespec="seconds"),
        version=version,
        before=in_use(models_dir),
        by=by,
        reason=reason,
    )
    read_manifest(models_dir / version)
    make_current(models_dir, version)
    with (models_dir / _HISTORY).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(made), ensure_ascii=False) + "\n")
    return made


def roll_back(models_dir: Path, *, by: str, at: datetime) -> Switch:
    """Back to the version that was in use before the present one.

    :raises ModelUnavailable: when there was none.
    """
    now = in_use(models_dir)
    last = [s for s in history(models_dir) if s.version == now and s.before not in ("", now)]
    if not last:
        raise ModelUnavailable("没有可以退回的版本：现用版本之前没有启用过别的版本")
    return switch(models_dir, last[-1].before, by=by, reason="退回上一版本", at=at)


def history(models_dir: Path) -> list[Switch]:
    """All switches, oldest first."""
    path = models_dir / _HISTORY
    if not path.is_file():
        return []
    return [Switch(**json.loads(line)) for line in path.read_text("utf-8").splitlines() if line]


def better(new: Mapping[str, Mapping[str, float]], old: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether the figures of ``new`` on the same rows beat those of ``old``: macro-F1 over all
    tasks is no lower, and no task has lost accuracy worth the name."""
    gain = sum(new[task]["macro_f1"] - old[task]["macro_f1"] for task in old)
    lost = max(old[task]["accuracy"] - new[task]["accuracy"] for task in old)
    return bool(gain >= 0 and lost <= _SLACK)
