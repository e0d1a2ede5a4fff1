"""Order numbers: area, day, running number of the day, check digit.

``430408 261122 000137 5``: six digits of the area, yyMMdd of the local day, six digits counted
from 1 each day, and a check digit by ISO 7064 MOD 11,10, which finds every single wrong digit and
nearly every swap of neighbours, so that a number misheard on the telephone is noticed.
"""

from __future__ import annotations

import secrets
from datetime import date

from sqlalchemy import Date, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from models.store import UnitOfWork

LENGTH = 19
#: Of the name of a series, at most.
NAME_LENGTH = 32
_NEXT = text(
    "INSERT INTO day_sequences (day, last) VALUES (:day, 1) "
    "ON CONFLICT (day) DO UPDATE SET last = day_sequences.last + 1 RETURNING last"
).bindparams(bindparam("day", type_=Date))

_NEXT_IN = text(
    "INSERT INTO sequences (name, last) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET last = sequences.last + 1 RETURNING last"
)


async def next_in(session: AsyncSession, name: str) -> int:
    """The next number of a series, from 1."""
    return int((await session.execute(_NEXT_IN, {"name": name})).scalar_one())


async def next_order_no(work: UnitOfWork, area_code: str, day: date) -> str:
    """The next number of ``day``. Two transactions never get the same one.

    Nobody waits for another's order to be written; one that fails after this leaves its number out.
    """
    return order_no(area_code, day, await work.drawn(_NEXT, {"day": day}))


def order_no(area_code: str, day: date, running: int) -> str:
    """Put a number together."""
    body = f"{area_code}{day:%y%m%d}{running:06d}"
    return body + check_digit(body)


def valid_order_no(number: str) -> bool:
    """Whether the check digit fits."""
    return (
        len(number) == LENGTH
        and number.isascii()
        and number.isdigit()
        and check_digit(number[:-1]) == number[-1]
    )


def spoken(number: str) -> str:
    """In groups, to be read aloud: area, day, running number, check digit."""
    return " ".join((number[:6], number[6:12], number[12:18], number[18:]))


def check_digit(digits: str) -> str:
    """ISO 7064 MOD 11,10 over a string of digits."""
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def new_query_code() -> str:
    """Six random digits that a citizen gives with the order number."""
    return f"{secrets.randbelow(1_000_000):06d}"
