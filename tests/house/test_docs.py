"""Documents that must keep up with the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from config.settings import PROJECT_ROOT, Settings

pytestmark = pytest.mark.unit

DOCS = PROJECT_ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), PROJECT_ROOT / "README.md", PROJECT_ROOT / "README.en.md"]


def _names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _names(kind, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE))
    assert documented == set(_names(Settings))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_test_that_a_row_of_handling_names_exists() -> None:
    """`file.py::name…` stands for a test of that file whose name begins so; `…::name…` for the same
    file as before."""
    text = (DOCS / "handling.md").read_text(encoding="utf-8")
    tests = {path.name: path.read_text(encoding="utf-8") for path in _test_files()}
    named = re.findall(r"`([\w/]*\b\w+\.py|…)(?:::(\w+))?…?`", text)
    assert len(named) > 50, "the rows are not read"
    last = ""
    for file, name in named:
        last = last if file == "…" else file.rpartition("/")[2]
        if not last.startswith("test_"):
            continue
        assert last in tests, f"no such test file: {last}"
        assert not name or f"def {name}" in tests[last], f"{last} has no {name}"


def _test_files() -> Iterator[Path]:
    return (PROJECT_ROOT / "tests").rglob("test_*.py")
