"""One Asterisk for the stories of this package, with short times."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
import yaml

from config.settings import PROJECT_ROOT
from models.store import Store
from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.telephony.floor import CallFloor, call_floor
from tests.telephony.killing import Site


@pytest.fixture(scope="package", autouse=True)
def _plain_tracebacks() -> None:
    """As the product logs them: to draw one with all variables takes seconds on a busy machine,
    in which no call goes on.
    """
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


@pytest.fixture(scope="package")
def short_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rules of a hotline that speaks in few words."""
    rules = tmp_path_factory.mktemp("rules")
    book = yaml.safe_load((PROJECT_ROOT / "config" / "prompts.yaml").read_text(encoding="utf-8"))
    book["prompts"] |= {"greeting": "您好。", "survey": "请评价。", "survey_thanks": "谢谢。"}
    book["prompts"] |= {"call_out": "您好。"}
    book["prompts"] |= {"all_busy": "坐席都在忙。", "voicemail": "请您留言。", "goodbye": "再见。"}
    book["prompts"] |= {"all_busy_unknown": "请稍后再拨。"}
    book["with_values"] |= {
        "callback_offer": "需要回电请按{key}。", "callback_confirm": "确认回电再按{key}。",
        "callback_offer_later": "稍后回电请按{key}。",
    }  # fmt: skip
    (rules / "prompts.yaml").write_text(yaml.safe_dump(book, allow_unicode=True), "utf-8")
    survey = yaml.safe_load((PROJECT_ROOT / "config" / "survey.yaml").read_text(encoding="utf-8"))
    (rules / "survey.yaml").write_text(yaml.safe_dump(survey | {"wait_seconds": 1.0}), "utf-8")
    return rules


@pytest.fixture(scope="package")
def short_asterisk(short_rules: Path) -> Iterator[RunningAsterisk]:
    """Speaks in few words, rings for three seconds, wraps up in one, and has desk phones."""
    times = {"ring_seconds": 3, "wrap_up_seconds": 1, "desk_phones": 6}
    with running_asterisk(telephony=times, rules=short_rules) as running:
        yield running


@pytest.fixture
async def floor(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[CallFloor]:
    """An open call center; afterwards Asterisk must be empty."""
    async with call_floor(short_asterisk, tmp_path) as opened:
        yield opened
        assert await short_asterisk.is_empty(), (
            await short_asterisk.channels(),
            await short_asterisk.bridges(),
        )


@pytest.fixture
async def site(short_asterisk: RunningAsterisk, tmp_path: Path) -> AsyncIterator[Site]:
    """An agent with a desk phone, in a database of its own."""
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'site.db'}")
    await store.migrate()
    found = Site(asterisk=short_asterisk, store=store, agent="")
    found.agent = await found.hire("王芳", "1901")
    yield found
    assert await short_asterisk.is_empty(), await short_asterisk.channels()
    await store.close()
