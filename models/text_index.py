"""Finding orders by a piece of their text, on PostgreSQL: without it every search reads them all.

Texts are kept as pieces: pairs of neighbouring characters (most Chinese words have two, too few for
trigrams), and of numbers four digits in a row (pairs of digits are in every number). Whatever holds
a text holds all pieces of it. This needs no extension, no right beyond making tables, and does not
depend on the database's locale. SQLite has none of it and reads the orders, the newest first.

Among the pieces is the slice of time in which the order was accepted. Many orders hold a common
word, and a page of the newest is wanted: with the slice the index gives the newest of them alone.

A trigger keeps the pieces in a table of their own: orders change often, their texts hardly ever.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Boolean, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

#: The table, for whoever compares tables with the code: no class stands for it.
TABLE = "order_texts"
SEARCHED = ("title", "content", "place", "order_no", "caller_phone", "callback_phone")
#: Any number; the same in every process that may be making the index at the same time.
_LOCK = 123_450_001
#: Of an index that is made otherwise; it is made anew at the next start.
_MADE = "pieces of texts and slices of time, 1"
#: How long a slice is. Its piece is ``@`` and a running number, which no text's piece looks like.
SLICE = timedelta(days=8)
_SLICE_SECONDS = round(SLICE.total_seconds())
#: A text without this has no pieces.
_PIECE = re.compile(r"[^0-9].|.[^0-9]|[0-9]{4}", re.DOTALL)

_PIECES = r"""
CREATE OR REPLACE FUNCTION hotline_pieces(words text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT piece), '{}') FROM (
    SELECT CASE
      WHEN NOT (a_digit AND lead(a_digit) OVER later) THEN a || lead(a) OVER later
      WHEN lead(a_digit, 2) OVER later AND lead(a_digit, 3) OVER later
        THEN a || lead(a) OVER later || lead(a, 2) OVER later || lead(a, 3) OVER later
    END AS piece
    FROM (
      SELECT a, at, strpos('0123456789', a) > 0 AS a_digit
      FROM unnest(string_to_array(words, NULL)) WITH ORDINALITY AS letters(a, at)
    ) AS letters
    WINDOW later AS (ORDER BY at)
  ) AS pieces WHERE piece IS NOT NULL
$$
"""


def _text_of(row: str) -> str:
    return "concat_ws(E'\\n', " + ", ".join(f"{row}.{name}" for name in SEARCHED) + ")"


#: All that is searched of a row of the table ``orders``.
TEXT_OF_ORDER = _text_of("orders")


def _pieces_of(row: str) -> str:
    slice_number = f"floor(extract(epoch FROM {row}.accepted_at) / {_SLICE_SECONDS})::bigint"
    return f"(hotline_pieces({_text_of(row)}) || ('@' || {slice_number}))"


#: All pieces of a row of the table ``orders``.
PIECES_OF_ORDER = _pieces_of("orders")


#: The statements, the index last.
MAKE = (
    _PIECES,
    f"CREATE TABLE {TABLE} ("
    "order_id varchar(26) PRIMARY KEY REFERENCES orders (id) ON DELETE CASCADE, "
    "pieces text[] NOT NULL)",
    f"""
    CREATE OR REPLACE FUNCTION hotline_keep_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO {TABLE} (order_id, pieces) VALUES (NEW.id, {_pieces_of("NEW")})
      ON CONFLICT (order_id) DO UPDATE SET pieces = excluded.pieces;
      RETURN NULL;
    END $$
    """,
    "DROP TRIGGER IF EXISTS keep_pieces ON orders",
    f"CREATE TRIGGER keep_pieces AFTER INSERT OR UPDATE OF {', '.join(SEARCHED)}, accepted_at "
    "ON orders FOR EACH ROW EXECUTE FUNCTION hotline_keep_pieces()",
    # Short, because every search reads what has not been sorted in yet.
    f"CREATE INDEX ix_{TABLE}_pieces ON {TABLE} USING gin (pieces) "
    "WITH (gin_pending_list_limit = 512)",
)
#: Orders that were written before there was a trigger, or past it.
FILL = (
    f"INSERT INTO {TABLE} (order_id, pieces) SELECT id, {PIECES_OF_ORDER} "
    f"FROM orders WHERE NOT EXISTS (SELECT FROM {TABLE} WHERE order_id = orders.id)"
)


async def make_text_index(engine: AsyncEngine) -> None:
    """Make it where it is missing or made otherwise. With many orders that takes minutes."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if await _is_there(connection):
            return
        told = f"COMMENT ON TABLE {TABLE} IS '{_MADE}'"
        make = (f"DROP TABLE IF EXISTS {TABLE}", *MAKE[:-1], FILL, MAKE[-1], told)
        for statement in (*make, f"ANALYZE {TABLE}"):
            await connection.exec_driver_sql(statement)


async def _is_there(connection: AsyncConnection) -> bool:
    query = text("SELECT obj_description(to_regclass(:name), 'pg_class')")
    found = await connection.execute(query, {"name": TABLE})
    return bool(found.scalar_one() == _MADE)


def may_hold(
    order_id: Any, *texts: str, within: tuple[datetime, datetime] | None = None
) -> FunctionElement[bool]:
    """The condition that an order holds one of the texts, or that there is no quick way to tell.

    It rules orders out and none in: what is really wanted must be asked for beside it. So do the
    two moments between which it was accepted; up to a slice of time before and after is let in.
    """
    if not all(_PIECE.search(one) for one in texts):
        return _Anything()
    # In the statement itself: how many orders hold it decides how they are looked for.
    words: list[BindParameter[str]] = [bindparam(None, one, literal_execute=True) for one in texts]
    if within is None:
        return _MayHold(order_id, *words)
    slices: BindParameter[str] = bindparam(None, _slices(*within), literal_execute=True)
    return _MayHoldWithin(order_id, slices, *words)


def _slices(since: datetime, until: datetime) -> str:
    first, last = (int(at.timestamp()) // _SLICE_SECONDS for at in (since, until))
    return "{" + ",".join(f"@{number}" for number in range(first, last + 2)) + "}"


class _Anything(FunctionElement[bool]):
    inherit_cache = True
    type = Boolean()


class _MayHold(_Anything):
    """An order's id, and texts."""

    inherit_cache = True


class _MayHoldWithin(_Anything):
    """An order's id, slices of time as an array, and texts."""

    inherit_cache = True


@compiles(_Anything)
def _anything(_element: _Anything, _compiler: SQLCompiler, **_options: Any) -> str:
    return "1 = 1"


@compiles(_Anything, "postgresql")
def _anything_at_all(_element: _Anything, _compiler: SQLCompiler, **_options: Any) -> str:
    return "true"


@compiles(_MayHold, "postgresql")
def _by_pieces(element: _MayHold, compiler: SQLCompiler, **options: Any) -> str:
    order_id, *texts = [compiler.process(one, **options) for one in element.clauses]
    return f"{order_id} IN (SELECT order_id FROM {TABLE} WHERE {_held(texts)})"


@compiles(_MayHoldWithin, "postgresql")
def _by_newest_pieces(element: _MayHoldWithin, compiler: SQLCompiler, **options: Any) -> str:
    order_id, slices, *texts = [compiler.process(one, **options) for one in element.clauses]
    condition = f"pieces && CAST({slices} AS text[]) AND ({_held(texts)})"
    return f"{order_id} IN (SELECT order_id FROM {TABLE} WHERE {condition})"


def _held(texts: Sequence[str]) -> str:
    return " OR ".join(f"pieces @> hotline_pieces({one})" for one in texts)
