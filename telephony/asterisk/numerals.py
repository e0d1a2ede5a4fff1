"""Numbers as they are said in Chinese, and the sounds they can be put together from."""

from __future__ import annotations

#: Sign → name of its recorded or pre-made sound.
SIGNS = {
    "零": "numeral_0", "一": "numeral_1", "二": "numeral_2", "三": "numeral_3",
    "四": "numeral_4", "五": "numeral_5", "六": "numeral_6", "七": "numeral_7",
    "八": "numeral_8", "九": "numeral_9", "十": "numeral_10", "百": "numeral_100",
    "千": "numeral_1000", "幺": "numeral_yao", "两": "numeral_liang",
}  # fmt: skip
_DIGITS = "零一二三四五六七八九"
_UNITS = ((1000, "千"), (100, "百"), (10, "十"))
_LARGEST = 9999


def in_words(number: int) -> str:
    """How many, before a measure word: 2 → 两, 12 → 十二, 102 → 一百零二.

    :raises ValueError: outside 0 to 9999: nobody is told such a number on the telephone.
    """
    if not 0 <= number <= _LARGEST:
        raise ValueError(f"not a number to be spoken: {number}")
    if number == 2:
        return "两"
    if number < 10:
        return _DIGITS[number]
    words, rest, gap = "", number, False
    for size, unit in _UNITS:
        digit, rest = divmod(rest, size)
        if digit:
            words += ("零" if gap else "") + _DIGITS[digit] + unit
        gap = bool(words) and not digit
    words += ("零" if gap and rest else "") + (_DIGITS[rest] if rest else "")
    return words.removeprefix("一") if number < 20 else words


def digit_by_digit(number: str) -> str:
    """A telephone or order number: ``138-05`` → ``幺三八零五``. Other signs are left out."""
    said = {str(value): word for value, word in enumerate(_DIGITS)} | {"1": "幺"}
    return "".join(said[sign] for sign in number if sign in said)
