"""The console's pages use no component that is not there: type checking does not see it."""

from __future__ import annotations

import re

import pytest

from config.settings import PROJECT_ROOT

pytestmark = pytest.mark.unit

WEB = PROJECT_ROOT / "agent_console" / "web" / "src"


def test_every_component_of_the_library_that_a_page_uses_is_registered() -> None:
    registered = set(re.findall(r"\bEl[A-Z]\w+", (WEB / "element.ts").read_text()))
    used = {
        "".join(part.capitalize() for part in tag.split("-")): page.name
        for page in WEB.rglob("*.vue")
        for tag in re.findall(r"<(el-[a-z-]+)", page.read_text())
    }
    assert len(used) > 10
    assert {name: page for name, page in used.items() if name not in registered} == {}
