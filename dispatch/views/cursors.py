"""Cursors of lists: where the last page ended, opaque to those who pass them back."""

from __future__ import annotations

import base64
import json
from datetime import datetime

from sqlalchemy import Tuple, literal, tuple_

from dispatch.commands import invalid
from models.tables.base import UtcDateTime


def encode_cursor(at: datetime, row_id: str) -> str:
    """The cursor after a row."""
    body = json.dumps([at.isoformat(), row_id])
    return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def place_after(cursor: str) -> Tuple:
    """The same as a value to compare time and id of rows with.

    :raises InvalidInput: see :func:`decode_cursor`.
    """
    at, row_id = decode_cursor(cursor)
    return tuple_(literal(at, UtcDateTime()), row_id)


def decode_cursor(cursor: str) -> tuple[datetime, str]:
    """Read a cursor.

    :raises InvalidInput: for anything that :func:`encode_cursor` did not make.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, row_id = json.loads(base64.urlsafe_b64decode(padded.encode()))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(row_id, str):
            raise ValueError("incomplete cursor")
    except (ValueError, TypeError) as error:
        raise invalid([{"field": "cursor", "message": "不是有效的翻页位置"}]) from error
    return moment, row_id
