"""Rule files of what comes before the line: what is wrong is named at the start."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from config.nuisance import load_screening
from config.rules import SHIPPED
from config.settings import load_settings
from config.surge import load_surge
from models.bus import InProcessBus
from models.clock import SystemClock
from models.errors import ConfigurationError
from models.store import Store
from telephony.asterisk.prompts import Prompts
from telephony.front_desk import FrontParts

pytestmark = pytest.mark.unit


def changed(folder: Path, file: str, **changes: object) -> Path:
    """A city's folder with one shipped file changed."""
    data = yaml.safe_load((SHIPPED / file).read_text("utf-8")) | changes
    (folder / file).write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return folder


def built(rules: Path | None, tmp_path: Path) -> FrontParts:
    settings, bus, clock = load_settings(var=tmp_path, rules=rules), InProcessBus(), SystemClock()
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    sounds = Prompts(paths={}, texts={}, music_dir=tmp_path)
    return FrontParts.built(settings, store, bus, clock, sounds, None)


@pytest.mark.parametrize(
    ("dialled", "leads_there"),
    [
        ("123458", True), ("0734123458", True), ("+86734123458", True),
        ("12345", False), ("12315", False), ("", False),
    ],
)  # fmt: skip
def test_the_number_of_self_service_in_any_dress(
    dialled: str, leads_there: bool, tmp_path: Path
) -> None:
    assert built(None, tmp_path).is_self_service(dialled) is leads_there


@pytest.mark.parametrize("key", ["6", "9"])
def test_one_key_cannot_lead_to_two_things(key: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    changed(rules, "waiting.yaml", callback_key="9")
    changed(rules, "self_service.yaml", key=key)
    with pytest.raises(ConfigurationError, match=f"按键 {key} 已被"):
        built(rules, tmp_path)


def test_wrong_rules_of_screening_and_surge_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="listen_seconds 应在 1 到 60 之间"):
        load_screening(changed(tmp_path, "nuisance.yaml", listen_seconds=0))
    with pytest.raises(ConfigurationError, match="level 应为"):
        load_screening(changed(tmp_path, "nuisance.yaml", level="NORMAL"))
    with pytest.raises(ConfigurationError, match=r"surge\.yaml 有误：start\.ratio"):
        shipped = yaml.safe_load((SHIPPED / "surge.yaml").read_text("utf-8"))
        load_surge(changed(tmp_path, "surge.yaml", start=shipped["start"] | {"ratio": 0.5}))
