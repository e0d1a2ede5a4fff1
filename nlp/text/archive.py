"""Reading the arrays of a model's archive, which is large: each byte is touched twice, no more.

``numpy.load`` sums up a checksum of its own and copies through small buffers. A model is checked by
its SHA-256 already, and what lies in the archive uncompressed can be taken over where it lies.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]
#: Of an entry's own header: its length, and where the lengths of name and extra field stand in it.
_HEADER, _NAME, _EXTRA = 30, slice(26, 28), slice(28, 30)


def mapped_arrays(path: Path) -> Mapping[str, Array]:
    """The arrays of an archive of ``numpy.savez`` by name, as they lie in the file.

    They are read-only and not aligned: to be copied, and the file stays open until they are gone.

    :raises OSError: when it cannot be read.
    :raises ValueError: when it is no such archive, or one of them is packed or no plain array.
    """
    with path.open("rb") as file, ZipFile(file) as archive:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return {
            entry.filename.removesuffix(".npy"): _array(entry, data) for entry in archive.infolist()
        }


def _array(entry: ZipInfo, data: mmap.mmap) -> Array:
    if entry.compress_type != ZIP_STORED:
        raise ValueError(f"{entry.filename} is packed")
    own = data[entry.header_offset : entry.header_offset + _HEADER]
    data.seek(
        entry.header_offset
        + _HEADER
        + int.from_bytes(own[_NAME], "little")
        + int.from_bytes(own[_EXTRA], "little")
    )
    if np.lib.format.read_magic(data) != (1, 0):
        raise ValueError(f"{entry.filename} is of another version")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(data)
    if fortran or dtype.hasobject:
        raise ValueError(f"{entry.filename} is no plain array")
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(data, dtype, count, data.tell()).reshape(shape)
