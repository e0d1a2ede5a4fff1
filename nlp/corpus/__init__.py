"""The seed corpus: labelled messages written for the project. Data only."""

from __future__ import annotations

from pathlib import Path


def seed_files() -> list[Path]:
    """The files of the seed corpus, in order."""
    return sorted(Path(__file__).resolve().parent.glob("seed_*.jsonl"))
