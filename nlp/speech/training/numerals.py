"""Numbers as people say them on the telephone."""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
_PLACES = ((1000, "千"), (100, "百"), (10, "十"))


def spell(digits: str, *, yao: bool) -> str:
    """Digit by digit; ``yao`` says 幺 for 一, as in telephone numbers."""
    said = "".join(DIGITS[int(digit)] for digit in digits)
    return said.replace("一", "幺") if yao else said


def read(number: int) -> str:
    """As a quantity: ``12`` is 十二, ``105`` is 一百零五, ``23500`` is 两万三千五百."""
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        gap = "零" if 0 < low < 1000 else ""
        return _leading_two(read(high)) + "万" + gap + (_below_myriad(low) if low else "")
    text = _below_myriad(number)
    return text[1:] if text.startswith("一十") else _leading_two(text)


def count(number: int) -> str:
    """Before a measure word: ``2`` is 两."""
    return "两" if number == 2 else read(number)


def _leading_two(text: str) -> str:
    return "两" + text[1:] if text.startswith(("二千", "二百")) or text == "二" else text


def _below_myriad(number: int) -> str:
    if number == 0:
        return DIGITS[0]
    said, gap = "", False
    for size, name in _PLACES:
        digit, number = divmod(number, size)
        if digit:
            said += (DIGITS[0] if gap else "") + DIGITS[digit] + name
            gap = False
        elif said and number:
            gap = True
    return said + (DIGITS[0] if gap and number else "") + (DIGITS[number] if number else "")
