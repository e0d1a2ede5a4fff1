"""Arithmetic on instants inside the database, exact to the microsecond, on both databases.

SQLite keeps instants as text, ``2026-11-02 01:00:00.000000``. Its own functions for times round to
milliseconds, which would put a call of 08:59:59.9999 into the wrong half hour.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

#: Every zone of the world is off by whole quarters of an hour.
QUARTER_SECONDS = 900


class quarter_of(FunctionElement[int]):  # noqa: N801 - read as a function of SQL
    """Quarter hours since 1970 began, of an instant."""

    type = Integer()
    inherit_cache = True


class micros_of(FunctionElement[int]):  # noqa: N801 - read as a function of SQL
    """Microseconds since 1970 began, of an instant."""

    type = Integer()
    inherit_cache = True


class past_quarter(FunctionElement[int]):  # noqa: N801 - read as a function of SQL
    """Microseconds of an instant since its quarter hour began."""

    type = Integer()
    inherit_cache = True


def _column(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(quarter_of)
def _quarter(element: quarter_of, compiler: SQLCompiler, **kw: Any) -> str:
    column = _column(element, compiler, **kw)
    return f"CAST(floor(extract(epoch from {column}) / {QUARTER_SECONDS}) AS BIGINT)"


@compiles(quarter_of, "sqlite")
def _quarter_sqlite(element: quarter_of, compiler: SQLCompiler, **kw: Any) -> str:
    column = _column(element, compiler, **kw)
    hour = f"CAST(strftime('%s', substr({column}, 1, 13) || ':00') AS INTEGER)"
    return f"({hour} / {QUARTER_SECONDS} + CAST(substr({column}, 15, 2) AS INTEGER) / 15)"


@compiles(micros_of)
def _micros(element: micros_of, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(extract(epoch from {_column(element, compiler, **kw)}) * 1000000 AS BIGINT)"


@compiles(micros_of, "sqlite")
def _micros_sqlite(element: micros_of, compiler: SQLCompiler, **kw: Any) -> str:
    column = _column(element, compiler, **kw)
    seconds = f"CAST(strftime('%s', substr({column}, 1, 19)) AS INTEGER)"
    return f"({seconds} * 1000000 + CAST(substr({column}, 21, 6) AS INTEGER))"


@compiles(past_quarter)
def _past(element: past_quarter, compiler: SQLCompiler, **kw: Any) -> str:
    column = _column(element, compiler, **kw)
    micros = f"CAST(extract(epoch from {column}) * 1000000 AS BIGINT)"
    return f"({micros} % {QUARTER_SECONDS * 1_000_000})"


@compiles(past_quarter, "sqlite")
def _past_sqlite(element: past_quarter, compiler: SQLCompiler, **kw: Any) -> str:
    column = _column(element, compiler, **kw)
    minutes = f"CAST(substr({column}, 15, 2) AS INTEGER) % 15 * 60"
    seconds = f"CAST(substr({column}, 18, 2) AS INTEGER)"
    return f"(({minutes} + {seconds}) * 1000000 + CAST(substr({column}, 21, 6) AS INTEGER))"
