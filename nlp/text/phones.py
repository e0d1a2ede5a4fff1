"""Telephone numbers in a text: written, spaced, or spoken digit by digit."""

from __future__ import annotations

import re

from models.understanding import Fact, Span
from nlp.text.numbers import SPOKEN_DIGITS, digit

_ONE = rf"[0-9０-９{SPOKEN_DIGITS}]"
#: What people put between groups of digits; fillers come from speech.
_GAP = r"(?:[ \-—,，、。.\n]|[嗯啊呃额哦]){0,3}"
_RUN = re.compile(rf"{_ONE}(?:{_GAP}{_ONE}){{9,40}}")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_SHORTEST = 10
_LANDLINE = re.compile(r"0(?:10|2\d|[3-9]\d{2})\d{7,8}")


def find_phones(text: str) -> list[Fact]:
    """Mobile and landline numbers (with area code), in order of appearance.

    A run that is longer than a number (an identity card, an account) gives none.
    """
    return [fact for run in _RUN.finditer(text) for fact in _read(text, run)]


def _read(text: str, run: re.Match[str]) -> list[Fact]:
    places = [i for i in range(run.start(), run.end()) if digit(text[i])]
    facts: list[Fact] = []
    while len(places) >= _SHORTEST:
        length = _number_length(text, places)
        if not length:
            break
        facts.append(_fact(text, places[:length]))
        places = places[length:]
    return facts


def _number_length(text: str, places: list[int]) -> int:
    """How many of the first digits make a number; 0 for none."""
    digits = "".join(digit(text[i]) for i in places)
    for length in (len(digits), 11, 12, 10):
        if length <= len(digits) and _ends(places, length) and _is_phone(digits[:length]):
            return length
    return 0


def _ends(places: list[int], length: int) -> bool:
    """What follows a number is set apart: a second one, or the same one repeated."""
    return length == len(places) or places[length] > places[length - 1] + 1


def _is_phone(digits: str) -> bool:
    return bool(_MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits))


def _fact(text: str, places: list[int]) -> Fact:
    start, end = places[0], places[-1] + 1
    value = "".join(digit(text[i]) for i in places)
    return Fact(kind="phone", text=text[start:end], value=value, span=Span(start=start, end=end))
