"""Recordings as files: 8 kHz, mono, signed 16 bit WAV, as the telephone exchange writes them.

The exchange writes the length into the header when it closes a file. One that was killed leaves
the sound without the length; :func:`mend` puts it there.
"""

from __future__ import annotations

import os
from pathlib import Path

SAMPLES_PER_SECOND = 8000
BYTES_PER_SAMPLE = 2
#: Bytes of such a file without any sound.
HEADER_BYTES = 44


def sound_bytes(path: Path) -> int:
    """How much sound there is; 0 when there is no file, or nothing but the header."""
    try:
        size = path.stat().st_size - HEADER_BYTES
    except OSError:
        return 0
    return max(0, size) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE


def seconds_of(path: Path) -> float:
    """How long it sounds, whatever the header says."""
    return sound_bytes(path) / (SAMPLES_PER_SECOND * BYTES_PER_SAMPLE)


def is_closed(path: Path) -> bool:
    """Whether the header tells the length of the sound that is there."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
    except OSError:
        return False
    return size > HEADER_BYTES == len(header) and (
        int.from_bytes(header[40:44], "little") == size - HEADER_BYTES
    )


def mend(path: Path) -> bool:
    """Write the length into a header that lacks it; whether there was any sound to be saved.

    Leaves the time of the last writing as it was: it tells when the sound ended.
    """
    sound = sound_bytes(path)
    if sound == 0:
        return False
    if is_closed(path):
        return True
    stamp = path.stat()
    with path.open("r+b") as file:
        if file.read(4) != b"RIFF":
            return False
        file.truncate(HEADER_BYTES + sound)
        file.seek(4)
        file.write((HEADER_BYTES - 8 + sound).to_bytes(4, "little"))
        file.seek(40)
        file.write(sound.to_bytes(4, "little"))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    return True
