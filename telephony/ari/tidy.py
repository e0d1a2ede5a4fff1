"""Removing things that may be gone already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import structlog

from telephony.ari.errors import ARIError, ARINotFound, ARIUnprocessable

log = structlog.get_logger(__name__)


async def tidily(*requests: Awaitable[Any]) -> None:
    """Await requests that clean up: what is gone is fine, what fails is logged, nothing raises."""
    await asyncio.gather(*(_tidily(request) for request in requests))


async def _tidily(request: Awaitable[Any]) -> None:
    try:
        await request
    except (ARINotFound, ARIUnprocessable):
        pass
    except ARIError as error:
        log.warning("ari.clean_up_failed", error=str(error), **error.details)
