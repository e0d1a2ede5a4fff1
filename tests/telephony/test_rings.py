"""What a call's history, and so the figures, say of a ring that ended."""

from __future__ import annotations

import pytest

from models.vocabulary import CallEventKind
from telephony.conversation import PAGE_RELOADED
from telephony.ringing import line_of_ring

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("未接来电", CallEventKind.MISSED),
        ("拒接来电", CallEventKind.DECLINED),
        (PAGE_RELOADED, CallEventKind.QUEUED),
        ("话机无法接通", CallEventKind.QUEUED),
        ("", CallEventKind.QUEUED),
    ],
)
def test_an_agent_misses_only_what_could_have_been_answered(
    reason: str, line: CallEventKind
) -> None:
    assert line_of_ring(reason) is line
