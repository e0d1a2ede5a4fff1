"""Opaque cursors for lists that grow while they are read: the place after the last row seen."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

from models.errors import InvalidInput

MAX_LIMIT = 200


def encode_cursor(at: datetime, row_id: str) -> str:
    """The place of a row in a list sorted by time and id."""
    return base64.urlsafe_b64encode(f"{at.astimezone(UTC).isoformat()}|{row_id}".encode()).decode()


def decode_cursor(cursor: str) -> tuple[datetime, str]:
    """Read what :func:`encode_cursor` wrote.

    :raises InvalidInput: for anything else.
    """
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        at, _, row_id = text.partition("|")
        instant = datetime.fromisoformat(at)
    except (ValueError, binascii.Error):
        raise _unreadable() from None
    if instant.tzinfo is None or not row_id:
        raise _unreadable()
    return instant, row_id


def _unreadable() -> InvalidInput:
    message = "翻页位置无效，请从第一页重新查询"
    return InvalidInput(message, [{"field": "cursor", "message": message}])
