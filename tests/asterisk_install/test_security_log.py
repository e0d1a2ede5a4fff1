"""Whoever is refused is written down with address, for a watchman such as fail2ban."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from config.settings import PROJECT_ROOT
from tests.support.asterisk import RunningAsterisk
from tests.support.sip_agent import SipAgent

pytestmark = pytest.mark.asterisk


OPERATIONS = PROJECT_ROOT / "docs" / "operations.md"


def refused() -> re.Pattern[str]:
    """The rule that the operator's page gives fail2ban, which puts an address for <HOST>."""
    (rule,) = re.findall(r"^ *failregex = (.+)$", OPERATIONS.read_text(), re.MULTILINE)
    return re.compile(rule.replace("<HOST>", r"(?P<host>[0-9a-f.:]+)"))


async def _says(log: Path, *words: str, within: float = 5.0) -> bool:
    deadline = asyncio.get_running_loop().time() + within
    while not (log.exists() and any(_has(line, words) for line in log.read_text().splitlines())):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def _has(line: str, words: tuple[str, ...]) -> bool:
    return all(word in line for word in words)


async def test_a_wrong_password_is_logged_with_its_address(asterisk: RunningAsterisk) -> None:
    server = ("127.0.0.1", asterisk.settings.asterisk.sip_port)
    with pytest.raises(AssertionError, match="401"):
        async with SipAgent.registered("1901", "guessed", server):
            pass
    log = asterisk.settings.asterisk_run_dir / "log" / "security"
    assert await _says(log, "ChallengeResponseFailed", "1901", "127.0.0.1")
    assert refused_addresses(log) == {"127.0.0.1"}


async def test_telephones_are_not_taken_for_strangers(asterisk: RunningAsterisk) -> None:
    server = ("127.0.0.1", asterisk.settings.asterisk.sip_port)
    log = asterisk.settings.asterisk_run_dir / "log" / "security"
    log.write_text("")
    async with SipAgent.registered("1901", asterisk.secrets.desk_phones["1901"], server):
        assert await _says(log, "SuccessfulAuth", "1901")
    assert refused_addresses(log) == set()


def refused_addresses(log: Path) -> set[str]:
    rule = refused()
    return {hit["host"] for hit in map(rule.search, log.read_text().splitlines()) if hit}
