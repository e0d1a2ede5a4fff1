"""Reading recordings: WAV files as telephone systems, recorders and phones write them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from models.errors import InvalidInput

#: Rates that the recogniser's gate takes; anything else is converted to the next lower one.
_RATES = (8000, 16000)
_PCM, _FLOAT, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE

Samples = NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Sound of one or two speakers; ``channels[n]`` are 16-bit samples."""

    rate: int
    channels: tuple[Samples, ...]

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.channels[0]) / self.rate


@dataclass(frozen=True, kw_only=True)
class _Format:
    code: int
    channels: int
    rate: int
    bits: int


def read_wav(path: Path) -> Recording:
    """Read ``path`` and bring it to a rate that can be recognised.

    A file whose writer died in the middle is read as far as it goes.

    :raises InvalidInput: saying what is wrong with the file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"无法读取录音文件 {path}：{error.strerror}。") from error
    form, data = _chunks(path, content)
    if not 1 <= form.channels <= 2:
        raise InvalidInput(f"{path.name} 有 {form.channels} 个声道，只支持单声道或双声道。")
    if not 4000 <= form.rate <= 192_000:
        raise InvalidInput(f"{path.name} 的采样率 {form.rate} Hz 不受支持。")
    samples = _decode(path, form, data)
    samples = samples[: len(samples) // form.channels * form.channels]
    if not len(samples):
        raise InvalidInput(f"{path.name} 中没有声音数据。")
    rate = max((rate for rate in _RATES if rate <= form.rate), default=_RATES[0])
    channels = samples.reshape(-1, form.channels).T
    return Recording(rate=rate, channels=tuple(_resampled(c, form.rate, rate) for c in channels))


def _chunks(path: Path, content: bytes) -> tuple[_Format, bytes]:
    if len(content) < 12 or content[:4] not in (b"RIFF", b"RF64") or content[8:12] != b"WAVE":
        raise InvalidInput(f"{path.name} 不是 WAV 录音文件。")
    form: _Format | None = None
    place = 12
    while place + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, place)
        body = content[place + 8 : place + 8 + size]
        if name == b"fmt ":
            form = _format(path, body)
        elif name == b"data":
            if form is None:
                break
            # A recorder that was cut off leaves 0 or the greatest number as the size.
            return form, body if size else content[place + 8 :]
        place += 8 + size + size % 2
    raise InvalidInput(f"{path.name} 已损坏：缺少{'格式' if form is None else '声音'}数据。")


def _format(path: Path, body: bytes) -> _Format:
    if len(body) < 16:
        raise InvalidInput(f"{path.name} 已损坏：格式数据不完整。")
    code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if code == _EXTENSIBLE and len(body) >= 26:
        code = struct.unpack_from("<H", body, 24)[0]
    return _Format(code=code, channels=channels, rate=rate, bits=bits)


def _decode(path: Path, form: _Format, data: bytes) -> Samples:
    kind = (form.code, form.bits)
    data = data[: len(data) // max(1, form.bits // 8) * max(1, form.bits // 8)]
    if kind == (_PCM, 16):
        return np.frombuffer(data, dtype="<i2").astype(np.int16)
    if kind == (_PCM, 8):
        return ((np.frombuffer(data, dtype=np.uint8).astype(np.int16) - 128) * 256).astype(np.int16)
    if kind == (_PCM, 24):
        high = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)[:, 1:]
        return np.frombuffer(high.tobytes(), dtype="<i2").astype(np.int16)
    if kind == (_PCM, 32):
        return (np.frombuffer(data, dtype="<i4") >> 16).astype(np.int16)
    if kind == (_FLOAT, 32):
        return _limited(np.frombuffer(data, dtype="<f4") * 32767.0)
    if kind == (_MU_LAW, 8):
        return from_mu_law(data)
    if kind == (_A_LAW, 8):
        return _A_LAW_TABLE[np.frombuffer(data, dtype=np.uint8)]
    raise InvalidInput(
        f"{path.name} 的编码（格式 {form.code}，{form.bits} 位）不受支持，请转换为 16 位 PCM。"
    )


def from_mu_law(data: bytes) -> Samples:
    """Linear samples of G.711 µ-law without a header."""
    return _MU_LAW_TABLE[np.frombuffer(data, dtype=np.uint8)]


def _resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    if rate == wanted:
        return np.ascontiguousarray(samples)
    divisor = int(np.gcd(rate, wanted))
    return _limited(resample_poly(samples.astype(np.float64), wanted // divisor, rate // divisor))


def _limited(samples: NDArray[np.floating]) -> Samples:
    limited: Samples = np.clip(np.nan_to_num(samples), -32768, 32767).astype(np.int16)
    return limited


def _mu_law_table() -> Samples:
    """ITU-T G.711: the linear value of each µ-law byte."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


def _a_law_table() -> Samples:
    """ITU-T G.711: the linear value of each A-law byte."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment = (code & 0x70) >> 4
    size = ((code & 0x0F) << 4) + 8
    size = np.where(segment > 0, size + 0x100 << np.maximum(segment - 1, 0), size)
    return np.where(code & 0x80, size, -size).astype(np.int16)


_MU_LAW_TABLE = _mu_law_table()
_A_LAW_TABLE = _a_law_table()
