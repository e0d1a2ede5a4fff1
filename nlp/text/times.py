"""When it happened: phrases of time in a text, resolved against the moment of the call."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from models.understanding import Fact, Span
from nlp.text.numbers import parse_number

_N = r"[0-9]{1,4}|[一二两三四五六七八九十百〇零]{1,5}"
_PART = r"凌晨|清早|清晨|早晨|早上|大清早|上午|中午|下午|傍晚|晚上|半夜|深夜|夜里|今早|今晚|早|晚"
_HOUR_SAID = (
    rf"(?P<hour>{_N})(?:点钟?|时(?!间|候)|:|：)(?P<minute>半|一刻|[0-5]?[0-9]|{_N})?分?(?:多|左右)?"
)
_HOUR = rf"(?:{_HOUR_SAID})?"
_CLOCK = rf"(?:(?P<part>{_PART})的?)?{_HOUR}"
_DAYS = {
    "大前天": -3, "前天": -2, "昨天": -1, "昨日": -1, "今天": 0, "今日": 0, "明天": 1, "后天": 2,
    "昨": -1, "前": -2, "今": 0, "明": 1,
}  # fmt: skip
_WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
#: The hour that a part of the day stands for when no clock time is said.
_PART_HOURS = {
    "今早": 8, "今晚": 20, "凌晨": 2, "清": 6, "早": 8, "大清早": 6, "上午": 10, "中午": 12,
    "下午": 15, "傍晚": 18, "晚": 20, "半夜": 0, "深夜": 23, "夜": 22,
}  # fmt: skip
_AFTERNOON = ("下午", "傍晚", "晚")
_EVERY = re.compile(r"每[天晚周个到年]?$|天天$|一到$")
_OPENING = re.compile(r"上班|上不上班|营业|开门|值班|放假")
#: What stands around an amount of time without changing it.
_AROUND = re.compile(r"^(?:连续|已经|都|有|整整)|了$")
#: A date without a year that lies further ahead than this was last year's.
_AHEAD = timedelta(days=31)


@dataclass(frozen=True)
class _When:
    day: date
    #: ``day`` or ``month``: how exactly ``day`` is meant.
    exact: str = "day"
    clock: time | None = None
    #: How long it has gone on, where that is what was said; ``day`` is then when it began.
    lasting: str = ""


_Resolver = Callable[[re.Match[str], datetime], _When | None]


def find_times(text: str, now: datetime, zone: tzinfo) -> list[Fact]:
    """Phrases of time in order of appearance. ``now`` is aware; ``zone`` is the caller's.

    ``value`` is local: ``2026-11-20``, ``2026-11-20T20:30`` or ``2026-10``; how long
    something has gone on stays in words (``持续三天``). ``resolved`` is UTC, for these the
    beginning.
    """
    local = now.astimezone(zone)
    facts: list[Fact] = []
    taken = 0
    for match, resolve in _matches(text):
        if match.start() < taken or _habitual(text, match):
            continue
        when = _safely(resolve, match, local)
        if when is not None:
            facts.append(_fact(match, when, zone))
            taken = match.end()
    return facts


def _habitual(text: str, match: re.Match[str]) -> bool:
    """Every day at four, or "is it open on Saturday": a rule, not an event."""
    before, after = text[max(0, match.start() - 3) : match.start()], text[match.end() :][:8]
    return _EVERY.search(before) is not None or _OPENING.search(after) is not None


def _matches(text: str) -> list[tuple[re.Match[str], _Resolver]]:
    """What each pattern finds by itself, tried only where it can begin."""
    found: list[tuple[re.Match[str], _Resolver]] = []
    free = [0] * len(_PATTERNS)
    for begin in _BEGINS.finditer(text):
        at = begin.start()
        for number in _BEGINNING_WITH[begin.group()]:
            _, pattern, resolve = _PATTERNS[number]
            if at >= free[number] and (match := pattern.match(text, at)):
                free[number] = match.end()
                found.append((match, resolve))
    return sorted(found, key=lambda pair: (pair[0].start(), -pair[0].end()))


def _safely(resolve: _Resolver, match: re.Match[str], now: datetime) -> _When | None:
    try:
        return resolve(match, now)
    except (ValueError, OverflowError):
        # 2月30日, 二十五点: said, but no time that exists.
        return None


def _fact(match: re.Match[str], when: _When, zone: tzinfo) -> Fact:
    instant = datetime.combine(when.day, when.clock or time(), zone)
    value = when.day.isoformat()[:7] if when.exact == "month" else when.day.isoformat()
    if when.clock is not None:
        value = instant.strftime("%Y-%m-%dT%H:%M")
    start, end = match.span()
    return Fact(
        kind="time",
        text=match.group(),
        value=when.lasting or value,
        span=Span(start=start, end=end),
        resolved=instant.astimezone(UTC),
    )


def _clock(match: re.Match[str]) -> time | None:
    part, hour_text = match.group("part") or "", match.group("hour")
    if hour_text is None:
        hour = next((h for name, h in _PART_HOURS.items() if part.startswith(name)), None)
        return None if hour is None else time(hour)
    hour = parse_number(hour_text)
    if hour is None:
        return None
    if hour < 12 and (any(name in part for name in _AFTERNOON) or (_late(part) and hour >= 9)):
        hour += 12
    return time(hour % 24, _minute(match.group("minute")))


def _late(part: str) -> bool:
    return part in ("半夜", "深夜", "夜里")


def _minute(said: str | None) -> int:
    if not said:
        return 0
    return {"半": 30, "一刻": 15}.get(said) or parse_number(said) or 0


def _relative_day(match: re.Match[str], now: datetime) -> _When:
    return _When(now.date() + timedelta(days=_DAYS[match.group("day")]), clock=_clock(match))


def _just_now(match: re.Match[str], now: datetime) -> _When:
    return _When(now.date(), clock=now.time().replace(second=0, microsecond=0))


def _full_date(match: re.Match[str], now: datetime) -> _When | None:
    year, month = parse_number(match.group("year")), parse_number(match.group("month"))
    if year is None or month is None:
        return None
    year += 2000 if year < 100 else 0
    return _month_or_day(match, year, month)


def _named_year(match: re.Match[str], now: datetime) -> _When | None:
    year = now.year + {"前": -2, "去": -1, "今": 0, "明": 1}[match.group("which")]
    month = parse_number(match.group("month"))
    return None if month is None else _month_or_day(match, year, month)


def _month_or_day(match: re.Match[str], year: int, month: int) -> _When | None:
    day = parse_number(match.group("dom") or "")
    if day is None:
        return _When(date(year, month, 1), exact="month")
    return _When(date(year, month, day), clock=_clock(match))


def _month_day(match: re.Match[str], now: datetime) -> _When | None:
    month, day = parse_number(match.group("month")), parse_number(match.group("dom"))
    if month is None or day is None:
        return None
    found = date(now.year, month, day)
    if found > now.date() + _AHEAD:
        found = date(now.year - 1, month, day)
    return _When(found, clock=_clock(match))


def _day_of_month(match: re.Match[str], now: datetime) -> _When | None:
    day = parse_number(match.group("dom"))
    first = _add_months(now.date().replace(day=1), -len(match.group("back") or ""))
    return None if day is None else _When(first.replace(day=day), clock=_clock(match))


def _weekday(match: re.Match[str], now: datetime) -> _When:
    this_monday = now.date() - timedelta(days=now.weekday())
    weeks = -len(match.group("back") or "")
    found = this_monday + timedelta(weeks=weeks, days=_WEEKDAYS[match.group("wd")])
    if not match.group("this") and not match.group("back") and found > now.date():
        # Bare 星期五 said on a Monday is the one gone by: it is about what happened.
        found -= timedelta(weeks=1)
    return _When(found, clock=_clock(match))


def _ago(match: re.Match[str], now: datetime) -> _When | None:
    number = parse_number(match.group("n") or "")
    half = bool(match.group("half") or match.group("only_half"))
    if number is None and not half:
        return None
    return _back(now, float(number or 0) + (0.5 if half else 0.0), match.group("unit"))


def _lasting(match: re.Match[str], now: datetime) -> _When | None:
    began = _ago(match, now)
    amount = _AROUND.sub("", match.group()).replace("快", "近", 1)
    return began and replace(began, lasting=f"持续{amount}")


def _back(now: datetime, amount: float, unit: str) -> _When | None:
    if unit in ("小时", "钟头"):
        then = now - timedelta(hours=amount)
        return _When(then.date(), clock=then.time().replace(second=0, microsecond=0))
    if unit == "天":
        return _When(now.date() - timedelta(days=int(amount)))
    if unit in ("周", "星期", "礼拜"):
        return _When(now.date() - timedelta(days=int(amount * 7)))
    if unit == "月":
        if amount < 1:
            return _When(now.date() - timedelta(days=15))
        return _When(_add_months(now.date(), -int(amount)), exact="month")
    return _When(_add_months(now.date(), -int(amount * 12)), exact="month")


def _add_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


_AMOUNT = (
    rf"(?:(?P<n>{_N})个?(?P<half>半)?|(?P<only_half>半))个?多?"
    r"(?P<unit>小时|钟头|天|周|星期|礼拜|月|年)"
)
_YEAR = r"(?:20|19)[0-9]{2}|[0-9]{2}(?=年)|[二一][零〇九][零〇一二三四五六七八九]{2}"
_MONTH = r"1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九]"
_NUMBERS = "0123456789一二两三四五六七八九十百〇零"
#: The characters with which a pattern can begin, the pattern, and what it means.
_PATTERNS: list[tuple[str, re.Pattern[str], _Resolver]] = [
    (begins, re.compile(pattern), resolve)
    for begins, pattern, resolve in (
        (
            "0123456789一二",
            rf"(?P<year>{_YEAR})[年\-/.](?P<month>{_MONTH})(?:月份?|[\-/.])"
            rf"(?:(?P<dom>{_N})[日号]?)?{_CLOCK}",
            _full_date,
        ),
        (
            "前去今明",
            rf"(?P<which>[前去今明])年(?P<month>{_MONTH})月份?(?:(?P<dom>{_N})[日号])?{_CLOCK}",
            _named_year,
        ),
        (_NUMBERS, rf"(?P<month>{_MONTH})月份?(?P<dom>{_N})[日号]{_CLOCK}", _month_day),
        (
            "上这本",
            rf"(?:(?P<back>上{{1,2}})个?|这个|本)月(?P<dom>{_N})[日号]{_CLOCK}",
            _day_of_month,
        ),
        (
            "上这本个星礼周",
            rf"(?:(?P<back>上{{1,2}})|(?P<this>这|本))?个?(?:星期|礼拜|周)"
            rf"(?P<wd>[一二三四五六日天]){_CLOCK}",
            _weekday,
        ),
        (
            "大前昨今明后",
            rf"(?P<day>大前天|前天|昨天|昨日|今天|今日|明天|后天){_CLOCK}",
            _relative_day,
        ),
        (
            "昨前今明",
            rf"(?P<day>[昨前今明])(?P<part>晚上|晚|夜里|夜|早上|早|晨){_HOUR}",
            _relative_day,
        ),
        ("刚", r"刚刚|刚才", _just_now),
        (f"{_NUMBERS}半", rf"{_AMOUNT}(?:多|来)?(?:之前|以前|前)", _ago),
        (
            f"{_NUMBERS}半连已快都有整超",
            rf"(?:连续|已经|快|都|有|整整|超过)?{_AMOUNT}(?:多|半)?了",
            _lasting,
        ),
        ("连", rf"连续{_AMOUNT}", _lasting),
    )
]
#: By its first character: the numbers of the patterns that can begin with it.
_BEGINNING_WITH = {
    char: [number for number, (begins, _, _) in enumerate(_PATTERNS) if char in begins]
    for char in sorted({char for begins, _, _ in _PATTERNS for char in begins})
}
_BEGINS = re.compile(f"[{''.join(_BEGINNING_WITH)}]")
