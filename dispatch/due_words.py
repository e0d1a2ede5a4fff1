"""How a due time came about, in Chinese sentences."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from config.limits import Begin, DayOff, End
from dispatch.clocks import END_OF_DAY, Counter, Due
from models.vocabulary import LimitUnit

_DAY = timedelta(days=1)


def explain_due(due: Due, counter: Counter) -> str:
    """How the due time came about, in a sentence."""
    start, end = counter.local(due.begun), counter.local(due.at)
    received = _received(due, counter)
    if due.limit.unit in (LimitUnit.NM, LimitUnit.NH):
        return received + (
            f"从{moment_text(start)}起算{due.limit.text}，节假日照常计算，"
            f"至{moment_text(end, start)}止。"
        )
    if due.limit.unit is LimitUnit.WH:
        whose = "本单位办公时间" if due.limit.hours else "办公时间"
        text = f"从{moment_text(start)}起算{due.limit.text}，只计{whose}"
        ending = f"至{moment_text(end, start)}止。"
    else:
        same_day = due.limit.begin is Begin.SAME_DAY
        text = f"从{_day(start.date())}起算{due.limit.text}，当日{'计入' if same_day else '不计'}"
        ending = f"至{_end_of_day(due, end, start)}止。"
    parts = [text, *_skipped(due, counter), *_moved(due, counter), ending]
    return received + "，".join(parts) + _provisional(due, counter)


def due_text(local: datetime) -> str:
    """A local moment without its year; the end of a day is 24:00 of that day."""
    if local.time() == END_OF_DAY:
        return f"{local.month}月{local.day}日24:00"
    return f"{local.month}月{local.day}日{local:%H:%M}"


def moment_text(instant: datetime, since: datetime | None = None) -> str:
    """A local moment; with its year unless that is the year of ``since``."""
    day = _day(instant.date(), since.date() if since else None)
    return f"{day}24时" if instant.time() == END_OF_DAY else f"{day}{instant:%H:%M}"


def _received(due: Due, counter: Counter) -> str:
    if due.begun == due.start:
        return ""
    start, begun = counter.local(due.start), counter.local(due.begun)
    return f"{moment_text(start)}不在办公时间，视为{moment_text(begun, start)}收到，"


def _end_of_day(due: Due, end: datetime, start: datetime) -> str:
    if due.limit.end is End.OFFICE_CLOSE and end.time() != END_OF_DAY:
        return f"{moment_text(end, start)}下班"
    return moment_text(end, start)


def _skipped(due: Due, counter: Counter) -> list[str]:
    if due.limit.unit is LimitUnit.ND:
        return ["节假日照常计算"]
    first, last = counter.day(due.begun), counter.day(due.at)
    since = first - _DAY if due.limit.begin is Begin.SAME_DAY else first
    parts = []
    if off := counter.calendar.days_off_between(since, last):
        parts.append(f"{_ranges(off, first)}休息不计")
    days = (since + n * _DAY for n in range(1, (last - since).days + 1))
    if made_up := [day for day in days if counter.calendar.is_make_up(day)]:
        parts.append(f"{_ranges(tuple(made_up), first)}调休上班计入")
    return parts


def _moved(due: Due, counter: Counter) -> list[str]:
    """A limit in natural days whose last day is a day off and moves on."""
    if due.limit.unit is not LimitUnit.ND or due.limit.day_off is not DayOff.MOVES:
        return []
    first, last = counter.day(due.begun), counter.day(due.at)
    counted = int(due.limit.amount) - (due.limit.begin is Begin.SAME_DAY)
    nominal = first + counted * _DAY
    return [f"{_day(nominal, first)}是休息日，顺延至下一工作日"] if nominal != last else []


def _provisional(due: Due, counter: Counter) -> str:
    if not due.provisional:
        return ""
    first, last = counter.local(due.start).year, counter.local(due.at).year
    years = [y for y in range(first, last + 1) if y not in counter.calendar.years]
    listed = "、".join(f"{year}年" for year in years)
    return f"{listed}的放假安排尚未载入，暂按周一至周五为工作日计算。"


def _ranges(days: tuple[date, ...], since: date) -> str:
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == _DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return "、".join(_run(run, since) for run in runs)


def _run(run: list[date], since: date) -> str:
    first, last = run[0], run[-1]
    if first == last:
        return _day(first, since)
    end = f"{last.day}日" if first.month == last.month else _day(last, first)
    return f"{_day(first, since)}至{end}"


def _day(day: date, since: date | None = None) -> str:
    year = "" if since and since.year == day.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"
