"""Arithmetic on instants inside the database, exact to the microsecond, on both databases.

SQLite keeps instants as microseconds since 1970 (``models.tables.base``).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

#: Every zone of the world is off by whole quarters of an hour.
QUARTER_SECONDS = 900
_QUARTER_MICROS = QUARTER_SECONDS * 1_000_000


class quarter_of(FunctionElement[int]):  # noqa: N801 - read as a function of SQL
    """Quarter hours since 1970 began, of an instant."""

    type = BigInteger()
    inherit_cache = True


class micros_of(FunctionElement[int]):  # noqa: N801 - read as a function of SQL
    """Microseconds since 1970 began, of an instant."""

    type = BigInteger()
    inherit_cache = True


class past_quarter(FunctionElement[int]):  # noqa: N801 - read as a function of SQL
    """Microseconds of an instant since its quarter hour began."""

    type = BigInteger()
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
    return f"({column} / {_QUARTER_MICROS})"


@compiles(micros_of)
def _micros(element: micros_of, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(extract(epoch from {_column(element, compiler, **kw)}) * 1000000 AS BIGINT)"


@compiles(micros_of, "sqlite")
def _micros_sqlite(element: micros_of, compiler: SQLCompiler, **kw: Any) -> str:
    return _column(element, compiler, **kw)


@compiles(past_quarter)
def _past(element: past_quarter, compiler: SQLCompiler, **kw: Any) -> str:
    column = _column(element, compiler, **kw)
    micros = f"CAST(extract(epoch from {column}) * 1000000 AS BIGINT)"
    return f"({micros} % {_QUARTER_MICROS})"


@compiles(past_quarter, "sqlite")
def _past_sqlite(element: past_quarter, compiler: SQLCompiler, **kw: Any) -> str:
    column = _column(element, compiler, **kw)
    return f"({column} % {_QUARTER_MICROS})"
