"""One Asterisk for the stories of this package, with short times."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.telephony.floor import CallFloor, call_floor


@pytest.fixture(scope="package")
def short_asterisk() -> Iterator[RunningAsterisk]:
    """Rings for three seconds, wraps up in one, and has desk phones."""
    times = {"ring_seconds": 3, "wrap_up_seconds": 1, "desk_phones": 6}
    with running_asterisk(telephony=times) as running:
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
