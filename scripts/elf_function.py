"""Where a function's machine code lies in a program file (ELF, x86-64)."""

from __future__ import annotations

import struct

_X86_64 = 62
_DYNAMIC_SYMBOLS = 11
_PROGRAM = 1


def place_of(function: str, program: bytes) -> slice | None:
    """None for another kind of file, and where there is no such function."""
    if program[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<H", program, 18)[0] != _X86_64:
        return None
    sections = _sections(program)
    for section in sections:
        if section.kind == _DYNAMIC_SYMBOLS:
            found = _symbol(function.encode(), program, section, sections[section.link])
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


def _symbol(
    function: bytes, program: bytes, symbols: _Section, names: _Section
) -> tuple[int, int] | None:
    """Address and size."""
    for at in range(symbols.offset, symbols.offset + symbols.size, 24):
        name, _, _, _, address, size = struct.unpack_from("<IBBHQQ", program, at)
        start = names.offset + name
        if program[start : start + len(function) + 1] == function + b"\0":
            return address, size
    return None


def _in_file(sections: list[_Section], address: int, size: int) -> slice | None:
    for section in sections:
        if section.kind == _PROGRAM and 0 <= address - section.address < section.size:
            start = section.offset + address - section.address
            return slice(start, start + size)
    return None
