"""Spoken numbers to digits, where a Chinese reader would write digits, and nowhere else.

Telephone, house and order numbers (幺三八… → 138…), quantities before units (两万三千五百元 →
23500元), addresses (十二号楼三单元 → 12号楼3单元), dates, times and percentages. Small numbers
before ordinary measure words (三个月, 一点, 一直, 两次) stay as they are.
"""

from __future__ import annotations

import re

_DIGIT = {character: str(value) for value, character in enumerate("零一二三四五六七八九")}
_DIGIT |= {"幺": "1", "〇": "0"}
_UNIT = {"十": 10, "百": 100, "千": 1000}
_D = "零幺一二三四五六七八九"
_Q = "零一二两三四五六七八九十百千万亿"
#: Words in which numerals are not numbers.
_IDIOMS = (
    *(
        "一直",
        "一点",
        "一下",
        "一些",
        "一样",
        "一般",
        "一起",
        "一定",
        "一边",
        "一切",
        "一旦",
        "一致",
    ),
    *("一共", "一律", "一半", "一会", "一方面", "一系列", "万一", "千万", "十分", "百姓", "老百姓"),
    *(
        "三番五次",
        "乱七八糟",
        "七上八下",
        "五花八门",
        "三天两头",
        "一清二楚",
        "四面八方",
        "一五一十",
    ),
    *(
        "一一",
        "五险一金",
        "三无产品",
        "两三",
        "三四",
        "四五",
        "五六",
        "六七",
        "七八",
        "八九",
        "一两",
        "二三",
    ),
    *(
        "一塌糊涂",
        "一二三四五热线",
        "一家三口",
        "十字路口",
        "丁字路口",
        "第一时间",
        "二手",
        "一次性",
        "一站式",
    ),
    *("二次供水", "三轮车", "二维码", "四合院", "八一路", "五一路", "一医院", "二医院"),
)
#: The number of the hotline itself is written in digits.
_HOTLINE = re.compile("[一幺]二三四五(?=热线|政务|政府|市民|便民|平台|吗|$)")
_STRING = re.compile(
    rf"[{_D}](?:，?[{_D}]){{3,}}(?![十百千万亿])|(?:幺幺|一一)[零九]|(?:幺|一)(?:二零|二二)(?![{_D}])"
)
_YEAR = re.compile(rf"[{_D}]{{4}}(?=年)|[{_D}]{{2}}(?=年[{_Q}]+月)")
_PLACE_NUMBER = re.compile(
    rf"(?<![第{_Q}])[{_Q}幺]+(?=号楼|号院|号线|号门|号窗口|单元|栋|幢|室|楼|层(?!楼)|组|弄|路公交|路车|号)"
)
_ROOM = re.compile(rf"(?<=[栋幢楼元室])[{_D}]{{3,4}}(?![{_Q}])")
_DATE = re.compile(rf"[{_Q}]+(?=月[{_Q}]+[号日])|(?<=月)[{_Q}]+(?=[号日])|[{_Q}]+(?=月份)")
_CLOCK = re.compile(
    rf"(?<=早上|上午|中午|下午|晚上|凌晨|半夜|夜里|傍晚)[{_Q}]+(?=点)|[{_Q}]+(?=点(?:半|钟|[{_Q}]+分))"
    rf"|(?<=点)[{_Q}]+(?=分)"
)
_AMOUNT = re.compile(
    rf"[{_Q}]+(?:点[{_D}]+)?(?=元|块|万元|亿元|平方|平米|公里|公斤|千克|吨|米|度|岁|分贝|户|人|个人|名|瓦)"
)
_PERCENT = re.compile(rf"百分之([{_Q}]+(?:点[{_D}]+)?)")
#: Before these only numbers from ten on are written in digits: 三户, but 35户.
_SMALL_STAYS = re.compile("户|人|个人|名|米|度|块(?!钱)")
_SHIELD = "\ue000"


def with_digits(text: str) -> str:
    """``text`` with its numbers in digits."""
    text = _HOTLINE.sub("12345", text)
    shielded, kept = _shield(text)
    for pattern, write in (
        (_STRING, _spelled),
        (_YEAR, _spelled),
        (_ROOM, _spelled),
        (_PERCENT, _percentage),
        (_DATE, _quantity),
        (_CLOCK, _quantity),
        (_PLACE_NUMBER, _place),
        (_AMOUNT, _amount),
    ):
        shielded = pattern.sub(write, shielded)
    for word in kept:
        shielded = shielded.replace(_SHIELD, word, 1)
    return shielded


def value(said: str) -> int | None:
    """The value of a spoken quantity; None when it is not one (三四十, 十十)."""
    if all(character in _DIGIT for character in said):
        return int(_DIGIT[said]) if len(said) == 1 else None
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if name in said:
            return _grouped(said, name, size)
    return _below_myriad(said)


def _grouped(said: str, name: str, size: int) -> int | None:
    high, _, low = said.partition(name)
    above = value(high) if high else None
    if above is None:
        return None
    if not low:
        return above * size
    if low in _DIGIT and low != "零":  # 两万三: the next lower place is left unsaid
        return above * size + int(_DIGIT[low]) * size // 10
    below = value(low.lstrip("零"))
    return None if below is None or below >= size else above * size + below


def _below_myriad(said: str) -> int | None:
    total, digit, place = 0, None, 10_000
    for character in said.replace("两", "二"):
        if character == "零":
            continue
        if character in _UNIT:
            if _UNIT[character] >= place or (digit is None and total == 0 and character != "十"):
                return None
            place = _UNIT[character]
            total, digit = total + (1 if digit is None else digit) * place, None
        elif digit is None and character in _DIGIT:
            digit = int(_DIGIT[character])
        else:
            return None
    if digit is None:
        return total
    elided = place >= 100 and place < 10_000 and said[-2] in _UNIT
    return total + digit * (place // 10 if elided else 1)


def _shield(text: str) -> tuple[str, list[str]]:
    """Replace words that only look like numbers by a mark; gives them in order."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return _SHIELD

    return _IDIOM.sub(keep, text), kept


_IDIOM = re.compile(
    rf"(?<![{_Q}幺])(?:{'|'.join(sorted(_IDIOMS, key=len, reverse=True))})(?![{_Q}幺])"
)


def _spelled(match: re.Match[str]) -> str:
    return "".join(_DIGIT[character] for character in match[0] if character != "，")


def _quantity(match: re.Match[str]) -> str:
    if match[0][0] == "零" and len(match[0]) == 2:  # 十点零五分
        return _spelled(match)
    number = value(match[0])
    return match[0] if number is None else str(number)


def _place(match: re.Match[str]) -> str:
    said = match[0]
    if len(said) > 1 and all(character in _DIGIT for character in said):
        return _spelled(match)
    return _quantity(match)


def _amount(match: re.Match[str]) -> str:
    whole, point, fraction = match[0].partition("点")
    number = value(whole)
    if number is None or (point and not fraction):
        return match[0]
    if number < 10 and not point and _SMALL_STAYS.match(match.string, match.end()):
        return match[0]
    if not point and number >= 100_000 and number % 10_000 == 0:
        return f"{number // 10_000}万"
    return str(number) + ("." + "".join(_DIGIT[d] for d in fraction) if point else "")


def _percentage(match: re.Match[str]) -> str:
    whole, point, fraction = match[1].partition("点")
    number = value(whole)
    if number is None:
        return match[0]
    return str(number) + ("." + "".join(_DIGIT[d] for d in fraction) if point else "") + "%"
