"""Bare connections, and a word on how it goes."""

from __future__ import annotations

import sys
from typing import Any

import asyncpg


async def connect(url: str) -> Any:
    """A bare connection; ``url`` is the store's."""
    return await asyncpg.connect(plain_url(url))


def plain_url(url: str) -> str:
    """Without the name of SQLAlchemy's driver."""
    return url.replace("+asyncpg", "")


def tell(text: str) -> None:
    """How it goes, apart from the result."""
    print(text, file=sys.stderr, flush=True)
