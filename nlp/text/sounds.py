"""How Chinese characters sound: one number for every syllable, tones left out.

Speech recognition and hurried typing swap characters that sound alike (蒸湘/征香). Runs of
syllables stay the same then, and so do the features made of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Code points of the characters that have a sound here.
FIRST, LAST = 0x4E00, 0x9FA5
#: Syllables are numbered from here on: a range of code points that no text holds.
SYLLABLES = 0xE000

Codes = npt.NDArray[np.uint16]


def sound_table() -> Codes:
    """The syllable of each character from :data:`FIRST` to :data:`LAST`, by its usual reading."""
    from pypinyin import Style, lazy_pinyin  # read for training only: its tables are large

    numbers: dict[str, int] = {}
    table = np.zeros(LAST - FIRST + 1, dtype=np.uint16)
    for place in range(len(table)):
        syllable = lazy_pinyin(chr(FIRST + place), style=Style.NORMAL)[0]
        table[place] = SYLLABLES + numbers.setdefault(syllable, len(numbers) + 1)
    return table


def sound_of_code(table: Codes) -> Codes:
    """The syllable of every code point below 65,536: what :func:`sounds_of` finds, looked up."""
    return sounds_of(np.arange(1 << 16, dtype=np.uint16), table)


def sounds_of(codes: Codes, table: Codes) -> Codes:
    """Code points to syllables; what is no Chinese character gets one common number."""
    places = codes.astype(np.int32) - FIRST
    chinese = (places >= 0) & (places < len(table))
    heard: Codes = np.where(chinese, table[np.where(chinese, places, 0)], SYLLABLES).astype(
        np.uint16
    )
    return heard
