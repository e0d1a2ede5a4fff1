"""Telephone numbers as networks deliver them, brought to one form so that they can be compared."""

from __future__ import annotations

import re

#: What stands for callers who hide their number, whatever their network puts in its place.
WITHHELD = "anonymous"

_SEPARATORS = str.maketrans("", "", " -()（）—.")
_COUNTRY = re.compile(r"(?:\+|00)86(?=1[3-9]\d{9}$|[1-9]\d{8,10}$|400\d{7}$|800\d{7}$)")
#: Without a sign in front it could be a local number; not so before a mobile.
_BARE_COUNTRY = re.compile(r"86(?=1[3-9]\d{9}$)")
_MOBILE = re.compile(r"0(?=1[3-9]\d{9}$)")
_WHOLE = re.compile(r"1[3-9]\d{9}|0[1-9]\d{8,10}|[2-8]\d{6,7}|[48]00\d{7}|\+[1-9]\d{6,14}")
#: What networks put in its place.
HIDDEN = frozenset({"", "anonymous", "unknown", "restricted", "unavailable", "private"})


def normal_number(number: str) -> str:
    """One form for all dresses of a number: mobile as 11 digits, fixed line with area code as
    ``0734…``, abroad as ``+44…``, and :data:`WITHHELD` for none.
    """
    plain = number.strip().translate(_SEPARATORS)
    if plain.lower() in HIDDEN:
        return WITHHELD
    home = _COUNTRY.sub("", plain)
    if home != plain and not home.startswith(("400", "800")) and not _mobile(home):
        return f"0{home}"
    if home.startswith("00"):
        return f"+{home[2:]}"
    return _MOBILE.sub("", _BARE_COUNTRY.sub("", home))


def whole_number(number: str) -> bool:
    """Whether a normal number is a subscriber's: no short code, no service number."""
    return _WHOLE.fullmatch(number) is not None


def _mobile(number: str) -> bool:
    return re.fullmatch(r"1[3-9]\d{9}", number) is not None


def spellings(number: str) -> frozenset[str]:
    """The dresses in which a normal number may have been written down; none for a withheld one."""
    if number == WITHHELD:
        return frozenset()
    if number.startswith("+"):
        return frozenset({number, f"00{number[1:]}"})
    home = number.removeprefix("0")
    return frozenset({number, home, f"0{home}", f"+86{home}", f"86{home}", f"0086{home}"})
