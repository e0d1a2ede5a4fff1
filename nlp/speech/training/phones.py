"""From espeak-ng's phoneme mnemonics to the phones of the practice model.

A syllable is an onset (may be missing), a rime and a tone, each a phone of its own:
``ts.h'A21N_|`` (长, third tone) becomes ``("ts.h", "aN", "3")``. Without tones half of the
characters would sound alike; as phones of their own all rimes share what is learnt about them.
"""

from __future__ import annotations

import re

#: Phones of one syllable: ``(onset, rime, tone)`` or ``(rime, tone)``.
Syllable = tuple[str, ...]

ONSETS = (
    *("tS;h", "tS;", "ts.h", "ts.", "tsh", "ts", "th", "t", "ph", "p", "kh", "k"),
    *("s.", "s", "S;", "z.", "X", "f", "m", "n", "l"),
)
RIMES = (
    *("@N", "@n", "@r", "A", "Au", "ai", "aN", "an", "ei", "i", "i.", "i[", "iA", "iAN", "iE"),
    *("iEn", "iN", "in", "iou", "jAu", "ji", "jiA", "jiAN", "jiE", "jiEn", "jiN", "jin", "jiou"),
    *("o", "o-", "ong", "ou", "u", "u@n", "uN", "uai", "uan", "uei", "uo", "wA", "waN", "wai"),
    *("wan", "wei", "wo", "wo-n", "wu", "wu@N", "wu@n", "y", "y&n", "y@n", "yE", "yN", "yin"),
    *("yuN", ";y", ";y@n", "N-"),
)
TONES = ("1", "2", "3", "4", "5")
#: What the network tells apart, besides the blank: the order is the order of its outputs.
PHONES = (*ONSETS, *RIMES, *TONES)
_VOWEL = r"(?:N-|[@AaEeiouy&;wj])"
_SYLLABLE = re.compile(
    rf"(?P<onset>{'|'.join(map(re.escape, ONSETS))})?"
    rf"(?P<nucleus>{_VOWEL}[Aa@Eeiouyr&.\[]*(?:ng)?-?)"
    r"(?P<tone>\d*)"
    rf"(?P<coda>(?:n|N)(?!{_VOWEL}))?"
)
_TONE_OF_CONTOUR = {"55": "1", "35": "2", "21": "3", "214": "3", "51": "4"}
#: Mnemonics that differ in writing only.
_SAME = {"AN": "aN", "wAN": "waN", "wAn": "wan", "a": "A", "@": "o-"}
_NOISE = re.compile(r"[',:]|_!")


def syllables(mnemonics: str) -> list[Syllable] | None:
    """The syllables of one spoken clause; None when it is not Mandarin throughout."""
    if "(en)" in mnemonics:
        return None
    found: list[Syllable] = []
    for token in re.split(r"[|_\s]+", _NOISE.sub("", mnemonics)):
        parsed = _parse(token)
        if parsed is None:
            return None
        found += parsed
    return found


def _parse(token: str) -> list[Syllable] | None:
    found: list[Syllable] = []
    position = 0
    while position < len(token):
        match = _SYLLABLE.match(token, position)
        if match is None:
            return None
        syllable = _syllable(match)
        if syllable is None:
            return None
        found.append(syllable)
        position = match.end()
    return found


def _syllable(match: re.Match[str]) -> Syllable | None:
    rime = match["nucleus"] + (match["coda"] or "")
    rime = _SAME.get(rime, rime)
    if rime not in RIMES:
        return None
    spoken = (rime, _TONE_OF_CONTOUR.get(match["tone"], "5"))
    return (match["onset"], *spoken) if match["onset"] else spoken
