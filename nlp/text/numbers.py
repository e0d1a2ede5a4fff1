"""Chinese numerals, as written and as read out."""

from __future__ import annotations

_DIGITS = {
    "零": 0, "〇": 0, "洞": 0, "一": 1, "幺": 1, "壹": 1, "二": 2, "两": 2, "俩": 2, "三": 3,
    "四": 4, "五": 5, "六": 6, "七": 7, "拐": 7, "八": 8, "九": 9, "勾": 9,
}  # fmt: skip
_UNITS = {"十": 10, "百": 100, "千": 1000}

#: Every character that can stand for one digit when a number is read out digit by digit.
SPOKEN_DIGITS = "".join(_DIGITS)


def digit(char: str) -> str:
    """One spoken or written digit as ``0``–``9``; empty for anything else."""
    if char in _DIGITS:
        return str(_DIGITS[char])
    return str(int(char)) if char.isdecimal() else ""


def parse_number(text: str) -> int | None:
    """``12``, ``十二``, ``二十三``, ``一百零五``, ``两``, ``二〇二四`` as a number, else None."""
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    if all(char in _DIGITS or char.isdecimal() for char in text):
        return int("".join(digit(char) for char in text))
    return _with_units(text)


def _with_units(text: str) -> int | None:
    total, current = 0, 0
    for char in text:
        if char in _UNITS:
            total += (current or 1) * _UNITS[char]
            current = 0
        elif char in _DIGITS:
            current = _DIGITS[char]
        else:
            return None
    # 一百二 is 120, but 一百零二 is 102 and 二十二 is 22.
    if current and text[-2] == "百":
        return total + current * 10
    return total + current
