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
LAWS = PROJECT_ROOT / "tests" / "dispatch"
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


def test_every_row_of_handling_has_its_proof() -> None:
    """Each transition names a test, each invariant a test or a law, and the laws exist."""
    text = (DOCS / "handling.md").read_text(encoding="utf-8")
    transitions, _, rest = text.partition("## The invariants")
    invariants = rest.partition("\n## ")[0]
    for part, least, proof in ((transitions, 30, r"::test_"), (invariants, 10, r"::test_|`laws")):
        rows = re.findall(r"^\| (?:\d+|—) \|.*$", part, re.MULTILINE)
        assert len(rows) >= least, "the rows are not read"
        assert [row for row in rows if not re.search(proof, row.rpartition(" | ")[2])] == []
    laws = {path.name: path.read_text(encoding="utf-8") for path in LAWS.glob("laws*.py")}
    named = re.findall(r"`(laws\w*\.py)`((?: `\w+`,?)+)", text)
    assert len(named) >= len(laws)
    for file, names in named:
        for name in re.findall(r"\w+", names):
            assert re.search(rf"^(?:def|class) {name}\b", laws[file], re.MULTILINE), name


def _test_files() -> Iterator[Path]:
    return (PROJECT_ROOT / "tests").rglob("test_*.py")
