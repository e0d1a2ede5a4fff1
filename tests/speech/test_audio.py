"""Recordings of all kinds are read, and what is no recording is refused in plain words."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from models.errors import InvalidInput
from nlp.speech.audio import read_wav

pytestmark = pytest.mark.unit


def wav(code: int, bits: int, rate: int, data: bytes, channels: int = 1, size: int = -1) -> bytes:
    """A WAV file; ``size`` overrides what the header says about the data's length."""
    align = channels * bits // 8
    form = struct.pack("<HHIIHH", code, channels, rate, rate * align, align, bits)
    length = len(data) if size < 0 else size
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form
    body += b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"data" + struct.pack("<I", length) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tone(rate: int, seconds: float = 0.5) -> np.ndarray:
    """A tone of 440 Hz at half of full scale."""
    return np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * 440 / rate) * 0.5


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean((samples / 32768) ** 2)))


@pytest.mark.parametrize(("given", "read"), [(8000, 8000), (16000, 16000), (11025, 8000)])
def test_sixteen_bits_at_any_rate(tmp_path: Path, given: int, read: int) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, given, 0, "NONE", ""))
        file.writeframes((tone(given) * 32767).astype("<i2").tobytes())
    recording = read_wav(path)
    assert recording.rate == read
    assert recording.seconds == pytest.approx(0.5, abs=0.01)
    assert loudness(recording.channels[0]) == pytest.approx(0.354, abs=0.01)


def test_other_codings_sound_the_same(tmp_path: Path) -> None:
    samples = tone(8000)
    codings = {
        "8 bit": wav(1, 8, 8000, (samples * 127 + 128).astype(np.uint8).tobytes()),
        "32 bit": wav(1, 32, 8000, (samples * (2**31 - 1)).astype("<i4").tobytes()),
        "float": wav(3, 32, 8000, samples.astype("<f4").tobytes()),
    }
    for name, content in codings.items():
        path = tmp_path / f"{name}.wav"
        path.write_bytes(content)
        assert loudness(read_wav(path).channels[0]) == pytest.approx(0.354, abs=0.01), name


def test_g711_bytes_have_the_values_of_the_standard(tmp_path: Path) -> None:
    mu_law, a_law = tmp_path / "mu.wav", tmp_path / "a.wav"
    mu_law.write_bytes(wav(7, 8, 8000, bytes([0xFF, 0x00, 0x80, 0x7F])))
    a_law.write_bytes(wav(6, 8, 8000, bytes([0xD5, 0x2A, 0xAA, 0x55])))
    assert read_wav(mu_law).channels[0].tolist() == [0, -32124, 32124, 0]
    assert read_wav(a_law).channels[0].tolist() == [8, -32256, 32256, -8]


def test_two_channels_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "two.wav"
    pairs = np.column_stack([tone(8000) * 32767, np.zeros(4000)]).astype("<i2")
    path.write_bytes(wav(1, 16, 8000, pairs.tobytes(), channels=2))
    left, right = read_wav(path).channels
    assert loudness(left) > 0.3
    assert loudness(right) == 0


def test_a_file_whose_writer_died_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    sound = (tone(8000) * 32767).astype("<i2").tobytes()
    for size in (0, 2**32 - 1, len(sound) * 3):
        path.write_bytes(wav(1, 16, 8000, sound + b"\x01", size=size))
        assert read_wav(path).seconds == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "不是 WAV"),
        (b"ID3 this is music" * 9, "不是 WAV"),
        (wav(1, 16, 8000, b""), "没有声音"),
        (b"RIFF\x10\0\0\0WAVEfmt \x04\0\0\0abcd", "格式数据不完整"),
        (b"RIFF\x10\0\0\0WAVE", "缺少格式数据"),
        (wav(2, 4, 8000, b"x" * 64), "编码"),
        (wav(1, 16, 8000, b"x" * 64, channels=6), "6 个声道"),
        (wav(1, 16, 100, b"x" * 64), "采样率"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "坏录音.wav"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=message):
        read_wav(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"没有\.wav"):
        read_wav(tmp_path / "没有.wav")
