"""Let Asterisk record phones that number their packets anew.

Debian builds Asterisk with a change of its own (2016_opus_plc.patch): where sound is translated
from one coding to another, a packet whose RTP sequence number lies behind the last one is thrown
away. A phone that starts its numbers anew, lower, is then silent in recordings, taps and every
translated conversation, for up to eleven minutes. Asterisk itself has no such check. Here it is
passed over in our own copy of the program: one branch, in one function, that must look exactly as
expected; whatever looks different is left as it is. See docs/decisions/0008-rtp-restarts.md.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

_FUNCTION = b"ast_translate"
_X86_64 = 62
_DYNAMIC_SYMBOLS = 11
_PROGRAM = 1

#: ``cmp $0xffff, register; ja over the check``; the function names this number nowhere else.
_CHECK = re.compile(rb"(?:\x3d|\x81[\xf8-\xff])\xff\xff\x00\x00([\x77\xeb])", re.DOTALL)
_NUMBER = b"\xff\xff\x00\x00"
#: Takes the place of "ja" (77): the same way, whatever was compared.
_JUMP = 0xEB

OFF = "off"
ABSENT = "absent"
UNKNOWN = "unknown"


def pass_over_sequence_check(program: Path) -> str:
    """Change the program, in one step. Returns ``off``, ``absent``, or ``unknown`` if unchanged."""
    code = bytearray(program.read_bytes())
    place = _function(bytes(code))
    if place is None:
        return UNKNOWN
    body = bytes(code[place])
    found = [*_CHECK.finditer(body)]
    if len(found) != 1 or body.count(_NUMBER) != 1:
        return UNKNOWN if found or _NUMBER in body else ABSENT
    code[place.start + found[0].start(1)] = _JUMP
    _replace(program, bytes(code))
    return OFF


def _replace(program: Path, code: bytes) -> None:
    """A rename: a program that runs keeps its old file."""
    draft = program.with_name(program.name + ".new")
    draft.write_bytes(code)
    draft.chmod(program.stat().st_mode)
    draft.replace(program)


def _function(program: bytes) -> slice | None:
    """Where the function's machine code lies in the file; None for another kind of file."""
    if program[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<H", program, 18)[0] != _X86_64:
        return None
    sections = _sections(program)
    for section in sections:
        if section.kind == _DYNAMIC_SYMBOLS:
            found = _symbol(program, section, sections[section.link])
            return found and _in_file(sections, *found)
    return None


class _Section:
    """A row of the ELF section table."""

    def __init__(self, row: tuple[int, ...]) -> None:
        _, self.kind, _, self.address, self.offset, self.size, self.link, _, _, _ = row


def _sections(program: bytes) -> list[_Section]:
    (table,) = struct.unpack_from("<Q", program, 40)
    size, count = struct.unpack_from("<HH", program, 58)
    rows = (struct.unpack_from("<IIQQQQIIQQ", program, table + n * size) for n in range(count))
    return [_Section(row) for row in rows]


def _symbol(program: bytes, symbols: _Section, names: _Section) -> tuple[int, int] | None:
    """Address and size of the function."""
    for at in range(symbols.offset, symbols.offset + symbols.size, 24):
        name, _, _, _, address, size = struct.unpack_from("<IBBHQQ", program, at)
        start = names.offset + name
        if program[start : start + len(_FUNCTION) + 1] == _FUNCTION + b"\0":
            return address, size
    return None


def _in_file(sections: list[_Section], address: int, size: int) -> slice | None:
    for section in sections:
        if section.kind == _PROGRAM and 0 <= address - section.address < section.size:
            start = section.offset + address - section.address
            return slice(start, start + size)
    return None
