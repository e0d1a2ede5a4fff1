"""Two checks in Asterisk that cost recordings their sound, passed over in our own copy.

Each is one branch in one function that must look exactly as expected; whatever looks different is
left as it is. See docs/decisions/0008-rtp-restarts.md and 0017-recorders-queue.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from elf_function import place_of

#: An unconditional jump in place of the conditional one: the same way, whatever was compared.
_JUMP = 0xEB

OFF = "off"
ABSENT = "absent"
UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A branch that decides whether sound is thrown away."""

    #: Its name in ``installed.json``.
    name: str
    function: str
    #: The machine code around the branch; the group is the jump's first byte, before or after.
    code: re.Pattern[bytes]
    #: Stands in the function once if the check is there, and never if it is not.
    sign: bytes


#: Debian's own change (2016_opus_plc.patch): where sound is translated from one coding to another,
#: a packet whose RTP sequence number lies behind the last one is thrown away.
#: ``cmp $0xffff, register; ja over the check``.
SEQUENCE_CHECK = Check(
    name="sequence_check",
    function="ast_translate",
    code=re.compile(rb"(?:\x3d|\x81[\xf8-\xff])\xff\xff\x00\x00([\x77\xeb])", re.DOTALL),
    sign=b"\xff\xff\x00\x00",
)
#: Asterisk's own: what waits for a recorder is thrown away when the two directions of a channel
#: differ by more than 100 ms.
#: ``test $8, %dl; je over; mov …; sub …; cmp $100, %eax; jle over the flush``.
QUEUE_FLUSH = Check(
    name="queue_flush",
    function="ast_audiohook_write_frame",
    code=re.compile(rb"\xf6\xc2\x08\x74.{7}\x83\xf8\x64([\x7e\xeb])", re.DOTALL),
    sign=b"\xf6\xc2\x08",
)
CHECKS = (SEQUENCE_CHECK, QUEUE_FLUSH)


def pass_over(check: Check, program: Path) -> str:
    """Change the program, in one step. Returns ``off``, ``absent``, or ``unknown`` if unchanged."""
    code = bytearray(program.read_bytes())
    place = place_of(check.function, bytes(code))
    if place is None:
        return UNKNOWN
    body = bytes(code[place])
    found = [*check.code.finditer(body)]
    if len(found) != 1 or body.count(check.sign) != 1:
        return UNKNOWN if found or check.sign in body else ABSENT
    code[place.start + found[0].start(1)] = _JUMP
    _replace(program, bytes(code))
    return OFF


def _replace(program: Path, code: bytes) -> None:
    """A rename: a program that runs keeps its old file."""
    draft = program.with_name(program.name + ".new")
    draft.write_bytes(code)
    draft.chmod(program.stat().st_mode)
    draft.replace(program)
