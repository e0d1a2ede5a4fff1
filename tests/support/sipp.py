"""SIPp's phones at a test's Asterisk (see ``hotline.simulation.sipp``)."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from hotline.simulation import sipp
from hotline.simulation.sipp import Phone, PhoneError
from tests.support.asterisk import RunningAsterisk

__all__ = ["Phone", "PhoneError", "calling", "citizen"]


def calling(asterisk: RunningAsterisk, **how: Any) -> AbstractAsyncContextManager[Phone]:
    """A citizen calls."""
    return sipp.calling(("127.0.0.1", asterisk.settings.asterisk.sip_port), **how)


def citizen(
    asterisk: RunningAsterisk, behaviour: str = "answers", **how: Any
) -> AbstractAsyncContextManager[Phone]:
    """A citizen whom the hotline can ring, at the address of its carrier."""
    port = int(asterisk.settings.telephony.trunk_outbound.rpartition(":")[2])
    return sipp.citizen(port, behaviour, **how)
