"""Sentences to speak and to count: a small grammar of hotline talk, made lively by chance.

:class:`Grammar` reads ``texts/sentences.txt`` and ``texts/places.txt``. A generated sentence holds
commas where a speaker may pause; :func:`plain` takes them out.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from config.lexicon import PlaceKind, load_lexicon
from nlp.speech.training import numerals

TEXTS = Path(__file__).parent / "texts"
CORPUS = Path(__file__).parents[2] / "corpus"
#: Kinds of the lexicon that the grammar tells apart; all others are landmarks.
_KIND = {
    PlaceKind.DISTRICT: "district",
    PlaceKind.STREET: "street",
    PlaceKind.ROAD: "road",
    PlaceKind.COMMUNITY: "community",
    PlaceKind.VILLAGE: "community",
    PlaceKind.ESTATE: "community",
}
#: Parts of a sentence after which a speaker may take a breath.
_BREATH = {"open", "where", "when", "problem", "more", "who", "paper", "ask", "deed"}
_BREATH_CHANCE = 0.25
_SLOT = re.compile(r"\{(\w+)\}")
_WEIGHT = re.compile(r"^(\d+)\* ")


def plain(text: str) -> str:
    """Only what is spoken."""
    return re.sub(r"[^\u4e00-\u9fff]", "", text)


def lines(name: str) -> list[str]:
    """The sentences of a plain list in ``texts/``, without comments."""
    content = (TEXTS / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in content if line.strip() and not line.startswith("#")]


def places() -> dict[str, list[str]]:
    """Place names by kind (``road``, ``community`` …): the lexicon's and ours."""
    found: dict[str, list[str]] = {}
    kind = ""
    for line in lines("places.txt"):
        if line.startswith("["):
            kind = line.strip("[]")
            found[kind] = []
        else:
            found[kind] += line.split()
    for place in load_lexicon().places:
        found[_KIND.get(place.kind, "landmark")] += (
            name for name in place.spoken if plain(name) == name
        )
    return {kind: sorted(set(names)) for kind, names in found.items()}


def corpus() -> list[str]:
    """The classifier's seed corpus, as sentences without digits and foreign letters."""
    found: list[str] = []
    for file in sorted(CORPUS.glob("seed_*.jsonl")):
        rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line)
        found += (part for row in rows for part in re.split("[。？！；\n]", row["text"]))
    sentences = (re.sub("[，、：“”（）《》…—\\s]+", "，", part).strip("，") for part in found)
    return [line for line in sentences if line and plain(line) == line.replace("，", "")]


class Grammar:
    """Makes sentences; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._rules = _read_rules((TEXTS / "sentences.txt").read_text(encoding="utf-8"))
        self._places = places()
        self._made: dict[str, Callable[[], str]] = {
            "NUM": lambda: numerals.read(self._random.randint(1, 99)),
            "SMALL": lambda: numerals.count(self._random.choice((*range(1, 11), 2, 3, 12, 15, 20))),
            "BIG": lambda: numerals.read(self._random.randint(100, 3000)),
            "HOUR": lambda: numerals.count(self._random.randint(1, 12)),
            "MONTH": lambda: numerals.read(self._random.randint(1, 12)),
            "YEAR": lambda: numerals.spell(str(self._random.randint(1995, 2026)), yao=False),
            "DATE": self._date,
            "CLOCK": self._clock,
            "MONEY": self._money,
            "ROOM": self._room,
            "MOBILE": self._mobile,
            "LANDLINE": lambda: self._digits("0734" * self._random.randint(0, 1), 7, "8"),
            "DIGITS4": lambda: self._digits("", 4),
            "DIGITS5": lambda: self._digits("", 5),
            "DIGITS8": lambda: self._digits("", 8, "2"),
        }

    def sentence(self) -> str:
        """One sentence, with commas where it may pause."""
        while True:
            text = self._expand("sentence").strip("，")
            if text:
                return re.sub("，+", "，", text)

    def sentences(self) -> Iterator[str]:
        """Sentences without end."""
        while True:
            yield self.sentence()

    def _expand(self, name: str) -> str:
        if name in self._made:
            return self._made[name]()
        if name.isupper():
            return self._random.choice(self._places[name.lower()])
        chosen = self._random.choice(self._rules[name])
        text = _SLOT.sub(lambda match: self._expand(match[1]), chosen)
        breath = name in _BREATH and text and self._random.random() < _BREATH_CHANCE
        return text + "，" if breath else text

    def _digits(self, prefix: str, length: int, first: str = "") -> str:
        rest = "".join(self._random.choices("0123456789", k=length - len(first)))
        return self._spell(prefix + first + rest)

    def _spell(self, digits: str) -> str:
        return numerals.spell(digits, yao=self._random.random() < 0.8)

    def _mobile(self) -> str:
        digits = "1" + self._random.choice("356789")
        digits += "".join(self._random.choices("0123456789", k=9))
        said = self._spell(digits)
        if self._random.random() < 0.3:
            return f"{said[:3]}，{said[3:7]}，{said[7:]}"
        return said

    def _room(self) -> str:
        digits = str(self._random.randint(1, 33)) + f"0{self._random.randint(1, 8)}"
        if self._random.random() < 0.7:
            return self._spell(digits)
        return numerals.read(int(digits))

    def _date(self) -> str:
        day = numerals.read(self._random.randint(1, 31)) + self._random.choice("号日号")
        month = numerals.read(self._random.randint(1, 12)) + "月"
        if self._random.random() < 0.25:
            return (
                numerals.spell(str(self._random.randint(2018, 2026)), yao=False)
                + "年"
                + month
                + day
            )
        return month + day if self._random.random() < 0.8 else day

    def _clock(self) -> str:
        part = self._random.choice(("早上", "上午", "中午", "下午", "晚上", "凌晨", ""))
        hour = numerals.count(self._random.randint(1, 12)) + "点"
        minutes = numerals.read(self._random.randint(10, 59)) + "分"
        return part + hour + self._random.choice(("", "", "半", "钟", "多", minutes))

    def _money(self) -> str:
        amount = self._random.choice(
            (
                self._random.randint(1, 99),
                self._random.randint(1, 30) * 100,
                self._random.randint(100, 9999),
                self._random.randint(1, 99) * 1000,
                self._random.randint(1, 300) * 10_000,
            )
        )
        unit = self._random.choice(("块钱", "元", "块", "元钱"))
        if self._random.random() < 0.1:
            return (
                numerals.read(self._random.randint(0, 9))
                + "点"
                + numerals.DIGITS[amount % 10]
                + unit
            )
        return numerals.count(amount) + unit


def _read_rules(content: str) -> dict[str, list[str]]:
    joined = re.sub(r"\n[ \t]+", " ", re.sub(r"^#.*\n", "", content, flags=re.MULTILINE))
    rules: dict[str, list[str]] = {}
    for line in joined.splitlines():
        if line.strip():
            name, _, alternatives = line.partition(":")
            rules[name.strip()] = [
                text for raw in alternatives.split("|") for text in _weighted(raw.strip())
            ]
    return rules


def _weighted(alternative: str) -> list[str]:
    match = _WEIGHT.match(alternative)
    text = alternative[match.end() :] if match else alternative
    return ["" if text == "-" else text] * (int(match[1]) if match else 1)
