"""Where it is: names of the lexicon, and what looks like an address around and besides them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from operator import add

from config.lexicon import Lexicon, Place, PlaceKind
from models.understanding import Fact, Span
from nlp.text.alike import SoundAlikes

_CN = r"[0-9一二三四五六七八九十百零两]{1,5}"
#: What follows a name and makes it exact. Order matters: the whole tail is taken in one match.
_TAIL = re.compile(
    rf"(?:(?:[ABCDabcd]区|{_CN}期)?"
    rf"(?:(?:{_CN}号(?!线)(?:楼|院)?|{_CN}[栋幢座](?:楼)?|{_CN}[组队])"
    rf"(?:{_CN}单元)?(?:{_CN}楼|{_CN}[室户号]|[0-9]{{3,4}}(?![0-9年元]))?)?(?:家属院|宿舍)?)"
    r"(?:的?(?:路口|交叉口|交汇处|交界处?|十字路口|门口|对面|旁边|附近|后门|前门|桥下|楼顶|口))?"
)
#: A place that the lexicon does not know ends like this, with what stands before as its name.
_ENDING = re.compile(
    r"(?:大道|小区|花园|花苑|家园|新村|新城|社区|公寓|家属院|工业园|农贸市场"
    r"|菜市场|水库|广场|小学|中学|幼儿园|医院|派出所|街道|镇|路(?!灯|面|边|上|口|人|过|由|况|段|费|政)"
    r"|街(?!上|边)|巷(?!子|口)|村(?!里|民|上|支|委|干|主|长|口|组|会))"
)
#: Where such an ending can begin.
_ENDING_BEGINS = re.compile("[大小花家新社公工农菜水广中幼医派街镇路巷村]")
_LONGEST_NAME = 8
_NAME_BEFORE = re.compile(rf"[一-龥]{{2,{_LONGEST_NAME}}}\Z")
#: Words that stand before a name but are no part of it.
_LEAD_IN = re.compile(
    r".*(?:住在|位于|就在|还在|就是|在|到|从|往|去|把|被|是|的|了|和|跟|与|对|向|叫|说|问|我们|我|你们|你|他们|他"
    r"|这个|那个|这条|那条|这里|那里|这|那|有|个|条|下|上|里|外|边|请|找|给|由|经|过|为|于|反映|投诉|举报"
    r"|建议|希望|一下|关于|老家|都|也|还|不|没|要|想|好|又|就|才|离|因|等|整|全|各|每|某|几|多|很|新|旧)"
)
#: Generic words that are not a name by themselves.
_GENERIC = re.compile(
    r"^(?:小区|社区|马路|道路|公路|学校|小学|中学|医院|幼儿园|广场|街道|村|镇|路|高速|小|老|乡|县|铁|走|修|让|半"
    r"|[一二三四五六七八九十]|附近|旁边|对面|隔壁|门口|公办|私立|民办|当地|农)+"
    r"(?:大道|小区|花园|社区|水库|广场|小学|中学|幼儿园|医院|派出所|街道|镇|路|街|巷|村)?$"
)
_JOINERS = re.compile(r"(?:[与和跟到及、和至]|交|靠近){0,2}")
_CROSSING = re.compile(r"交叉口|路口|交汇处|交界处?|之间|段")

_EXACTNESS = {
    PlaceKind.DISTRICT: 0,
    PlaceKind.STREET: 1,
    PlaceKind.COMMUNITY: 2,
    PlaceKind.ROAD: 3,
    PlaceKind.VILLAGE: 3,
    PlaceKind.WATER: 3,
    PlaceKind.FACTORY: 3,
}
_EXACT = 4
_SAY_NOTHING = frozenset(
    (
        PlaceKind.DISTRICT,
        PlaceKind.STREET,
        PlaceKind.ROAD,
        PlaceKind.ESTATE,
        PlaceKind.COMMUNITY,
        PlaceKind.VILLAGE,
    )
)
_UNKNOWN_EXACTNESS = 2


@dataclass(frozen=True)
class PlaceFound:
    """A place in a text. ``unit``: street or township, where the lexicon knows it."""

    start: int
    end: int
    value: str
    unit: str | None
    exactness: int
    #: Where the name ends and what makes it exact begins.
    name_end: int = 0


class PlaceFinder:
    """Finds places. Immutable once built."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._names: dict[str, Place] = {
            name: place for place in lexicon.places for name in place.spoken
        }
        #: How long the names are that begin with these two characters, longer ones first.
        self._lengths: dict[str, tuple[int, ...]] = {}
        for name in self._names:
            lengths = {*self._lengths.get(name[:2], ()), len(name)}
            self._lengths[name[:2]] = tuple(sorted(lengths, reverse=True))

    @property
    def names(self) -> Collection[str]:
        """All names that are known, however they are spoken."""
        return self._names.keys()

    def find(self, text: str, alike: SoundAlikes | None = None) -> list[PlaceFound]:
        """Places, most exact first; among equals as they appear. ``alike``: what the lexicon does
        not know but what sounds like one of its names, is taken for that.
        """
        known = self._known(text)
        others = [self._meant(text, place, alike) for place in _unknown(text, known)]
        found = self._join(text, sorted([*known, *others], key=lambda p: p.start))
        return sorted(found, key=lambda p: (-p.exactness, p.start))

    def masked(self, text: str) -> str:
        """The text without the names of roads, neighbourhoods and districts: where something
        happens says nothing about what it is. (At a market or a park it does.)"""
        kept: list[str] = []
        begin = passed = 0
        for i, name in self._spots(text):
            if i < passed:
                continue
            passed = i + len(name)
            if self._names[name].kind in _SAY_NOTHING:
                kept.append(text[begin:i])
                begin = passed
        return "".join([*kept, text[begin:]]) if kept else text

    def _spots(self, text: str) -> Iterator[tuple[int, str]]:
        """Where a name stands, and the longest one there; names may overlap."""
        lengths = self._lengths
        for i, pair in enumerate(map(add, text, text[1:])):
            if pair in lengths:
                names = (text[i : i + length] for length in lengths[pair])
                if name := next((name for name in names if name in self._names), ""):
                    yield i, name

    def _known(self, text: str) -> list[PlaceFound]:
        found: list[PlaceFound] = []
        for i, name in self._spots(text):
            if not found or i >= found[-1].end:
                place = self._names[name]
                exactness = _EXACTNESS.get(place.kind, _EXACT)
                end = i + len(name)
                found.append(_with_tail(text, i, end, place.name, place.unit, exactness))
        return found

    def _meant(self, text: str, found: PlaceFound, alike: SoundAlikes | None) -> PlaceFound:
        name = alike.ending(text[found.start : found.name_end]) if alike else ""
        if not name:
            return found
        place = self._names[name]
        exactness = _EXACTNESS.get(place.kind, _EXACT)
        start = found.name_end - len(name)
        return _with_tail(text, start, found.name_end, place.name, place.unit, exactness)

    def _join(self, text: str, parts: list[PlaceFound]) -> list[PlaceFound]:
        """Neighbours make one place: 雨母山镇 + 灵官庙村, 红湘北路 + 和 + 杨柳路交界."""
        joined: list[PlaceFound] = []
        for part in parts:
            before = joined[-1] if joined else None
            if before is not None and _belong(text, before, part):
                joined[-1] = _merged(text, before, part)
            else:
                joined.append(part)
        return joined


def place_fact(text: str, place: PlaceFound) -> Fact:
    """The fact for the form and for the click in the transcript."""
    return Fact(
        kind="place",
        text=text[place.start : place.end],
        value=place.value,
        span=Span(start=place.start, end=place.end),
    )


def _with_tail(
    text: str, start: int, end: int, name: str, unit: str | None, exactness: int
) -> PlaceFound:
    tail = _TAIL.match(text, end)
    said = tail.group() if tail else ""
    return PlaceFound(
        start=start,
        end=end + len(said),
        value=name + said,
        unit=unit,
        name_end=end,
        exactness=exactness
        + (1 if any(char.isdigit() or char in "栋号组" for char in said) else 0),
    )


def _unknown(text: str, known: list[PlaceFound]) -> list[PlaceFound]:
    found: list[PlaceFound] = []
    for begin, end in _stretches(text):
        lead = _LEAD_IN.match(text, begin, end - 1)
        start = lead.end() if lead else begin
        name = text[start:end]
        if len(name) < 3 or _GENERIC.match(name):
            continue
        if any(place.start < end and start < place.end for place in known):
            continue
        found.append(_with_tail(text, start, end, name, None, _UNKNOWN_EXACTNESS))
    return found


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """From where to where a name may reach: two to eight characters and an ending.

    Endings are rare and quickly found; trying a name from every character on takes five times as
    long.
    """
    free = 0
    for match in _ENDING_BEGINS.finditer(text):
        at = match.start()
        ending = _ENDING.match(text, at)
        begin = ending and _NAME_BEFORE.search(text, max(free, at - _LONGEST_NAME), at)
        if ending and begin:
            free = ending.end()
            yield begin.start(), free


def _belong(text: str, before: PlaceFound, part: PlaceFound) -> bool:
    gap = text[before.end : part.start]
    if part.start < before.end:
        return False
    if not gap:
        return True
    return bool(_JOINERS.fullmatch(gap)) and bool(
        _CROSSING.search(text, part.start, min(len(text), part.end + 4))
    )


def _merged(text: str, before: PlaceFound, part: PlaceFound) -> PlaceFound:
    return PlaceFound(
        start=before.start,
        end=part.end,
        value=before.value + text[before.end : part.start] + part.value,
        unit=part.unit or before.unit,
        exactness=max(before.exactness, part.exactness) + 1,
    )
