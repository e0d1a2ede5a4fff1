"""A week's roster: rules of rest, who is on duty when, and a proposal. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from config.shifts import Shift, ShiftRules

HALF_HOUR = timedelta(minutes=30)
#: Half hours of a day.
SLOTS = 48
Numbers: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, order=True)
class Duty:
    """One person on one shift."""

    day: date
    shift: str
    staff_id: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that a roster breaks. ``staff_id`` None: it concerns the floor."""

    code: str
    text: str
    staff_id: str | None = None
    day: date | None = None


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Duties with their rules. ``around``: those of the neighbouring days, which count for rest."""

    rules: ShiftRules
    zone: ZoneInfo
    week: date
    duties: tuple[Duty, ...]
    around: tuple[Duty, ...] = ()

    @property
    def all(self) -> list[Duty]:
        """Every duty, in order of time."""
        known = [d for d in (*self.duties, *self.around) if self.rules.get(d.shift)]
        return sorted(set(known), key=lambda d: self.span(d))

    def span(self, duty: Duty) -> tuple[datetime, datetime]:
        """From when until when."""
        start, end = self.shift(duty).span(duty.day, self.zone)
        return start.astimezone(UTC), end.astimezone(UTC)

    def shift(self, duty: Duty) -> Shift:
        """Its shift; only for known ones."""
        found = self.rules.get(duty.shift)
        assert found is not None, duty.shift
        return found

    def on_duty(self, start: datetime, slots: int) -> list[int]:
        """How many are on duty in each half hour from an instant on."""
        counts = [0] * slots
        for duty in self.all:
            begin, end = self.span(duty)
            first, last = (begin - start) / HALF_HOUR, (end - start) / HALF_HOUR
            for slot in range(max(0, int(np.ceil(first))), min(slots, int(np.floor(last)))):
                counts[slot] += 1
        return counts

    def by_person(self) -> dict[str, list[Duty]]:
        """Each person's duties in order."""
        found: dict[str, list[Duty]] = defaultdict(list)
        for duty in self.all:
            found[duty.staff_id].append(duty)
        return found


def findings(roster: Roster, names: Mapping[str, str]) -> list[Finding]:
    """Every rule that is broken, and by whom; only what touches the week itself."""
    found: list[Finding] = []
    for staff_id, duties in roster.by_person().items():
        name = names.get(staff_id, staff_id)
        found += _rest(roster, staff_id, name, duties)
        found += _week(roster, staff_id, name, duties)
        found += _row(roster, staff_id, name, duties)
    return found + _night(roster)


def _in_week(roster: Roster, day: date) -> bool:
    return roster.week <= day < roster.week + timedelta(days=7)


def _rest(roster: Roster, staff_id: str, name: str, duties: Sequence[Duty]) -> list[Finding]:
    least = roster.rules.rest.min_rest_hours
    found = []
    for before, after in pairwise(duties):
        rest = (roster.span(after)[0] - roster.span(before)[1]) / timedelta(hours=1)
        if rest >= least or not (_in_week(roster, before.day) or _in_week(roster, after.day)):
            continue
        pair = f"{_told(roster, before)}与{_told(roster, after)}"
        if rest < 0:
            found.append(Finding(code="OVERLAP", staff_id=staff_id, day=after.day,
                                 text=f"{name}：{pair}时间重叠"))  # fmt: skip
        else:
            text = f"{name}：{pair}之间只休息{rest:g}小时，应不少于{least:g}小时"
            found.append(Finding(code="SHORT_REST", staff_id=staff_id, day=after.day, text=text))
    return found


def _week(roster: Roster, staff_id: str, name: str, duties: Sequence[Duty]) -> list[Finding]:
    most = roster.rules.rest.max_week_hours
    hours = sum(roster.shift(d).hours for d in duties if _in_week(roster, d.day))
    if hours <= most:
        return []
    text = f"{name}：本周排班{hours:g}小时，超过{most:g}小时"
    return [Finding(code="WEEK_HOURS", staff_id=staff_id, text=text)]


def _row(roster: Roster, staff_id: str, name: str, duties: Sequence[Duty]) -> list[Finding]:
    most = roster.rules.rest.max_days_in_row
    days = sorted({duty.day for duty in duties})
    run, found = 0, []
    for n, day in enumerate(days):
        run = run + 1 if n and days[n - 1] == day - timedelta(days=1) else 1
        if run == most + 1 and any(_in_week(roster, day - timedelta(days=k)) for k in range(run)):
            text = f"{name}：到{day:%m月%d日}已连续上班{run}天，应不超过{most}天"
            found.append(Finding(code="DAYS_IN_ROW", staff_id=staff_id, day=day, text=text))
    return found


def _night(roster: Roster) -> list[Finding]:
    night = roster.rules.night
    start = datetime.combine(roster.week, datetime.min.time(), roster.zone)
    counts = roster.on_duty(start.astimezone(UTC), 7 * 48)
    found: list[Finding] = []
    short: list[tuple[datetime, int]] = []
    for slot, count in enumerate([*counts, night.least]):
        at = (start.astimezone(UTC) + slot * HALF_HOUR).astimezone(roster.zone)
        if slot < len(counts) and night.holds(at.time()) and count < night.least:
            short.append((at, count))
        elif short:
            found.append(_night_finding(short, night.least))
            short = []
    return found


def _night_finding(short: Sequence[tuple[datetime, int]], least: int) -> Finding:
    first, last = short[0][0], short[-1][0] + HALF_HOUR
    fewest = min(count for _, count in short)
    end = f"{last:%m月%d日%H:%M}" if last.date() != first.date() else f"{last:%H:%M}"
    text = f"{first:%m月%d日%H:%M}至{end}夜间值守{fewest}人，应不少于{least}人"
    return Finding(code="NIGHT_FLOOR", day=first.date(), text=text)


def _told(roster: Roster, duty: Duty) -> str:
    return f"{duty.day:%m月%d日}{roster.shift(duty).name}"


# --- proposal ----------------------------------------------------------------------------------


def propose(
    roster: Roster, people: Iterable[str], needed: Sequence[int], now: datetime | None = None
) -> list[Duty]:
    """A roster by the plain way: again and again the shift that mends most of what is short, by
    the person with the fewest hours whom the rules leave free; the nights first. Not the best
    there is, but one that breaks no rule of rest. ``needed``: people for each of the week's 336
    half hours. Shifts that have begun by ``now`` keep who stands there.
    """
    start = datetime.combine(roster.week, datetime.min.time(), roster.zone).astimezone(UTC)
    # The last night reaches into the next week, whose Monday is taken to be like this one.
    whole = [*needed, *needed[:SLOTS]]
    begun = [d for d in roster.duties if now and _begin(roster, d.day, d.shift) <= now]
    base = Roster(rules=roster.rules, zone=roster.zone, week=roster.week, duties=tuple(begun),
                  around=roster.around)  # fmt: skip
    there = np.array(base.on_duty(start, len(whole)))
    floor = np.array(_night_floor(base, start, len(whole)))
    short = [floor - there, np.maximum(floor, np.array(whole, dtype=np.int64)) - there]
    crew = {person: list(base.by_person().get(person, [])) for person in people}
    covers = {key: cover for key, cover in _covers(base, start, len(whole)).items()
              if now is None or _begin(base, *key) > now}  # fmt: skip
    made = begun
    for missing in short:
        made += _mend(base, crew, missing, short, covers)
    return sorted(made)


def _begin(roster: Roster, day: date, code: str) -> datetime:
    """When that shift begins; one that the rules no longer have counts from the day's begin."""
    shift = roster.rules.get(code)
    if shift is None:
        return datetime.combine(day, datetime.min.time(), roster.zone)
    return shift.span(day, roster.zone)[0]


def _mend(
    roster: Roster,
    crew: Mapping[str, list[Duty]],
    missing: Numbers,
    all_: Sequence[Numbers],
    covers: Mapping[tuple[date, str], tuple[int, int]],
) -> list[Duty]:
    """Duties until nothing is mended by another one; counted in every list of what is short.

    :param covers: the shifts that may be given out, with their first and last half hour.
    """
    made, open_ = [], set(covers)
    while open_:
        gains = {key: _gain(missing, covers[key]) for key in open_}
        best = max(sorted(open_), key=lambda key: gains[key])
        if gains[best] <= 0:
            break
        duty = _someone(roster, crew, *best)
        if duty is None:
            open_.discard(best)
            continue
        crew[duty.staff_id].append(duty)
        made.append(duty)
        first, last = covers[best]
        for short in all_:
            short[first:last] -= 1
    return made


def _night_floor(roster: Roster, start: datetime, slots: int) -> list[int]:
    night = roster.rules.night
    times = ((start + slot * HALF_HOUR).astimezone(roster.zone).time() for slot in range(slots))
    return [night.least if night.holds(at) else 0 for at in times]


def _covers(roster: Roster, start: datetime, slots: int) -> dict[tuple[date, str], tuple[int, int]]:
    found = {}
    for offset in range(7):
        day = roster.week + timedelta(days=offset)
        for shift in roster.rules.shifts:
            begin, end = shift.span(day, roster.zone)
            first, last = (begin - start) // HALF_HOUR, (end - start) // HALF_HOUR
            found[day, shift.code] = (max(0, first), min(slots, last))
    return found


def _gain(short: Numbers, cover: tuple[int, int]) -> float:
    """Half hours mended, a little more for those that are shortest; 0 when none is."""
    part = short[cover[0] : cover[1]]
    lacking = part[part > 0]
    idle = len(part) - len(lacking)
    # Among shifts that mend the same the one with less idle time goes first.
    return float(len(lacking) + 0.1 * lacking.sum() - 0.05 * idle) if len(lacking) else 0.0


def _someone(roster: Roster, crew: Mapping[str, list[Duty]], day: date, code: str) -> Duty | None:
    """The person with the fewest hours for whom this duty breaks no rule."""

    def hours(person: str) -> float:
        return sum(roster.shift(d).hours for d in crew[person] if _in_week(roster, d.day))

    for person in sorted(crew, key=lambda p: (hours(p), p)):
        duty = Duty(day=day, shift=code, staff_id=person)
        if _allowed(roster, [*crew[person], duty]):
            return duty
    return None


def _allowed(roster: Roster, duties: Sequence[Duty]) -> bool:
    days = [duty.day for duty in duties]
    if len(set(days)) < len(days):
        return False
    ordered = sorted(duties, key=roster.span)
    args = roster, "", "", ordered
    return not (_rest(*args) or _week(*args) or _row(*args))
