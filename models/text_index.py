"""Finding orders by a piece of their text, on PostgreSQL: without it every search reads them all.

Texts are kept as pieces: pairs of neighbouring characters (most Chinese words have two, too few for
trigrams), and of numbers four digits in a row (pairs of digits are in every number). Whatever holds
a text holds all pieces of it. This needs no extension, no right beyond making tables, and does not
depend on the database's locale. SQLite has none of it and reads the orders, the newest first.

A trigger keeps the pieces in a table of their own: orders change often, their texts hardly ever.
"""

from __future__ import annotations

import re
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


_MAKE = (
    _PIECES,
    f"CREATE TABLE {TABLE} ("
    "order_id varchar(26) PRIMARY KEY REFERENCES orders (id) ON DELETE CASCADE, "
    "pieces text[] NOT NULL)",
    f"""
    CREATE OR REPLACE FUNCTION hotline_keep_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO {TABLE} (order_id, pieces) VALUES (NEW.id, hotline_pieces({_text_of("NEW")}))
      ON CONFLICT (order_id) DO UPDATE SET pieces = excluded.pieces;
      RETURN NULL;
    END $$
    """,
    "DROP TRIGGER IF EXISTS keep_pieces ON orders",
    f"CREATE TRIGGER keep_pieces AFTER INSERT OR UPDATE OF {', '.join(SEARCHED)} ON orders "
    "FOR EACH ROW EXECUTE FUNCTION hotline_keep_pieces()",
    # Short, because every search reads what has not been sorted in yet.
    f"CREATE INDEX ix_{TABLE}_pieces ON {TABLE} USING gin (pieces) "
    "WITH (gin_pending_list_limit = 512)",
)
#: Orders that were written before there was a trigger, or past it.
FILL = (
    f"INSERT INTO {TABLE} (order_id, pieces) SELECT id, hotline_pieces({TEXT_OF_ORDER}) "
    f"FROM orders WHERE NOT EXISTS (SELECT FROM {TABLE} WHERE order_id = orders.id)"
)


async def make_text_index(engine: AsyncEngine) -> None:
    """Make it where it is missing. With many orders the first time takes minutes."""
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if await _is_there(connection):
            return
        for statement in (*_MAKE[:-1], FILL, _MAKE[-1], f"ANALYZE {TABLE}"):
            await connection.exec_driver_sql(statement)


async def _is_there(connection: AsyncConnection) -> bool:
    found = await connection.execute(text("SELECT to_regclass(:name)"), {"name": TABLE})
    return found.scalar_one() is not None


def may_hold(order_id: Any, *texts: str) -> MayHold:
    """The condition that an order holds one of the texts, or that there is no quick way to tell.

    It rules orders out and none in: what is really wanted must be asked for beside it.
    """
    if not all(_PIECE.search(one) for one in texts):
        return MayHold()
    # In the statement itself: how many orders hold it decides how they are looked for.
    words: list[BindParameter[str]] = [bindparam(None, one, literal_execute=True) for one in texts]
    return MayHold(order_id, *words)


class MayHold(FunctionElement[bool]):
    """Without arguments: anything may be."""

    inherit_cache = True
    type = Boolean()


@compiles(MayHold)
def _anything(_element: MayHold, _compiler: SQLCompiler, **_options: Any) -> str:
    return "1 = 1"


@compiles(MayHold, "postgresql")
def _by_pieces(element: MayHold, compiler: SQLCompiler, **options: Any) -> str:
    arguments = [compiler.process(one, **options) for one in element.clauses]
    if not arguments:
        return "true"
    order_id, *texts = arguments
    held = " OR ".join(f"pieces @> hotline_pieces({one})" for one in texts)
    return f"{order_id} IN (SELECT order_id FROM {TABLE} WHERE {held})"
