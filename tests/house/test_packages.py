"""Our packages are plain top-level ones: no dependency may bring the same names."""

from __future__ import annotations

from importlib.metadata import distributions

import pytest

pytestmark = pytest.mark.unit

OURS = {"models", "config", "telephony", "nlp", "dispatch", "agent_console", "hotline"}


def test_no_dependency_brings_a_package_of_our_names() -> None:
    foreign = {
        f"{found.metadata['Name']}: {path.parts[0]}"
        for found in distributions()
        if found.metadata["Name"] != "hotline12345"
        for path in found.files or ()
        if path.parts[0].removesuffix(".py") in OURS
    }
    assert foreign == set()
