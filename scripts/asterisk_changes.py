"""Two checks in Asterisk that cost recordings their sound, passed over in our own copy.

Each is one branch in one function that must look exactly as expected; whatever looks different is
left as it is. See docs/decisions/0008-rtp-restarts.md and 0017-recorders-queue.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from elf_function import place_of

OFF = "off"
ABSENT = "absent"
UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A comparison that decides whether sound is thrown away."""

    #: Its name in ``installed.json``.
    name: str
    function: str
    #: The machine code around the comparison; the group is what changes, before or after.
    code: re.Pattern[bytes]
    #: What comes in the group's place, as long as it.
    instead: bytes
    #: Stands in the function once if the check is there, and never if it is not.
    sign: bytes


#: Debian's own change (2016_opus_plc.patch): where sound is translated from one coding to another,
#: a packet whose RTP sequence number lies behind the last one is thrown away.
#: ``cmp $0xffff, register; ja over the check``: over it, whatever was compared.
SEQUENCE_CHECK = Check(
    name="sequence_check",
    function="ast_translate",
    code=re.compile(rb"(?:\x3d|\x81[\xf8-\xff])\xff\xff\x00\x00([\x77\xeb])", re.DOTALL),
    instead=b"\xeb",
    sign=b"\xff\xff\x00\x00",
)
#: Asterisk's own: what waits for a recorder is thrown away when the two directions of a channel
#: differ by more than 100 ms, or when one of them has more than 500 ms. For hooks that wait for
#: both directions, as recorders do, the first comparison gives way to one that leads past both
#: unless the direction now written to has more than 30 s; other hooks keep their limits.
#: ``test $8, %dl; je LIMITS; mov %r14d, %eax; sub %r15d, %eax; cmp $100, %eax; jle LIMITS`` becomes
#: ``…; cmp $30000, %r14d; jle FEED; jmp LIMITS``. LIMITS and FEED are where the lengths say.
QUEUE_FLUSH = Check(
    name="queue_flush",
    function="ast_audiohook_write_frame",
    code=re.compile(
        rb"\xf6\xc2\x08\x74\x3b"
        rb"(\x44\x89\xf0\x44\x29\xf8\x83\xf8\x64[\x7e\xeb]\x30"
        rb"|\x41\x81\xfe\x30\x75\x00\x00\x7e\x4f\xeb\x30)"
        rb".{48}"
        # LIMITS: and $16, %edx; je …; cmp $100, %r14d; jg …; cmp $100, %r15d; jg …
        rb"\x83\xe2\x10\x0f\x84.{4}\x41\x83\xfe\x64\x0f\x8f.{4}\x41\x83\xff\x64\x0f\x8f.{4}"
        # FEED: mov (%rsp), %rsi; mov %r12, %rdi; call
        rb"\x48\x8b\x34\x24\x4c\x89\xe7\xe8",
        re.DOTALL,
    ),
    instead=b"\x41\x81\xfe\x30\x75\x00\x00\x7e\x4f\xeb\x30",
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
    begin, end = found[0].span(1)
    code[place.start + begin : place.start + end] = check.instead
    _replace(program, bytes(code))
    return OFF


def _replace(program: Path, code: bytes) -> None:
    """A rename: a program that runs keeps its old file."""
    draft = program.with_name(program.name + ".new")
    draft.write_bytes(code)
    draft.chmod(program.stat().st_mode)
    draft.replace(program)
