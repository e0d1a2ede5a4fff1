"""Pieces of texts as the database's own function makes them (``models.text_index``), much sooner.

Each fill looks at some of its orders: were they made otherwise, it would fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from models.text_index import PIECES_OF_ORDER, SEARCHED, SLICE, TABLE

_COLUMNS = ("order_id", "pieces")
#: Joined with what no text holds: the driver takes long over arrays of many.
_STAGE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS joined_pieces (order_id text, pieces text) "
    "ON COMMIT DELETE ROWS"
)
_TAKE = (
    f"INSERT INTO {TABLE} (order_id, pieces) "
    "SELECT order_id, string_to_array(pieces, E'\\x01') FROM joined_pieces"
)
_PIECE = re.compile(r"(?=([^0-9].|.[^0-9]|[0-9]{4}))", re.DOTALL)
_Row = Sequence[Any]
_LOOKED_AT = 200
_DIFFERENT = f"""
SELECT count(*) FROM (SELECT * FROM orders ORDER BY md5(id) LIMIT {_LOOKED_AT}) AS orders
LEFT JOIN {TABLE} ON order_id = orders.id, LATERAL (SELECT {PIECES_OF_ORDER} AS made) AS of_it
WHERE NOT coalesce(pieces @> made AND pieces <@ made, false)
"""


async def copy_pieces(connection: Any, columns: Sequence[str], orders: Iterable[_Row]) -> None:
    """The rows that belong to new rows of the table of orders, in the same transaction."""
    place = [columns.index(name) for name in ("id", "accepted_at", *SEARCHED)]
    await connection.execute(_STAGE)
    await connection.copy_records_to_table(
        "joined_pieces", records=[_joined(order, place) for order in orders], columns=_COLUMNS
    )
    await connection.execute(_TAKE)


def _joined(order: _Row, place: Sequence[int]) -> tuple[str, str]:
    order_id, accepted_at, *texts = [order[index] for index in place]
    found = _PIECE.findall("\n".join([text for text in texts if text is not None]))
    found.append(f"@{int(accepted_at.timestamp() // SLICE.total_seconds())}")
    return order_id, "\x01".join(set(found))


async def check_pieces(connection: Any) -> None:
    """:raises AssertionError: when some are not what the database would have made."""
    if different := await connection.fetchval(_DIFFERENT):
        raise AssertionError(f"{different} of {_LOOKED_AT} orders have other pieces")
