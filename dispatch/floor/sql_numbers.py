"""Telephone numbers compared inside the database, on both databases: who is the same caller."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, String, case, func, literal

from models.phone_numbers import HIDDEN

#: 86, an area code without its zero, and a line: no local number that begins with 86 is so long.
_SHORTEST_WITH_COUNTRY = 12


def is_known(number: SQLColumnExpression[Any]) -> ColumnElement[bool]:
    """Whether the caller showed a number at all."""
    return func.lower(number).not_in(sorted(HIDDEN))


def caller_key(number: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """One word for all dresses of a number, as :func:`models.phone_numbers.spellings` knows them,
    without the leading zero: to tell callers apart, not to be shown or dialled.
    """
    bare = func.substr(number, 3, type_=String)
    return case(
        (number.startswith("+86"), _without_zeros(func.substr(number, 4))),
        (number.startswith("0086"), _without_zeros(func.substr(number, 5))),
        (number.startswith("00"), literal("+") + bare),
        (
            number.startswith("86") & (func.length(number) >= _SHORTEST_WITH_COUNTRY),
            _without_zeros(bare),
        ),
        (number.startswith("+"), number),
        else_=_without_zeros(number),
    )


def _without_zeros(number: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    return func.ltrim(number, "0")
