"""One set of rule files and one trained model for all tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from models.understanding import Candidate
from models.vocabulary import RequestType
from nlp.corpus import seed_files
from nlp.text.corpus import LabelledText, read_corpus
from nlp.text.model import TextModel
from nlp.text.resources import Resources
from nlp.text.train import fit
from nlp.text.understander import Understander

#: A Sunday morning, 10:30 in Hengyang.
NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def candidate(kind: RequestType, confidence: float) -> Candidate:
    """A proposed type."""
    return Candidate(code=kind.value, name=kind.label, confidence=confidence)


@pytest.fixture(scope="session")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    return Resources.load(cache_dir=tmp_path_factory.mktemp("segmenter"))


@pytest.fixture(scope="session")
def seed_rows(resources: Resources) -> list[LabelledText]:
    return read_corpus(seed_files(), resources.taxonomy, resources.departments)


@pytest.fixture(scope="session")
def model(seed_rows: list[LabelledText], resources: Resources) -> TextModel:
    return fit(seed_rows, resources, NOW)


@pytest.fixture(scope="session")
def understander(model: TextModel, resources: Resources) -> Understander:
    return Understander(model, resources, ZONE)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A city's own, still empty folder of rule files."""
    return tmp_path
