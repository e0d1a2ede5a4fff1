"""Kaldi's binary formats, as far as a model of ours needs them.

Weights are written as 16-bit compressed matrices, which Kaldi expands when it reads them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_NO_PDF = -1


class Writer:
    """Appends tokens and values to a buffer."""

    def __init__(self) -> None:
        self._buffer = BytesIO(b"")
        self._buffer.write(b"\0B")

    def content(self) -> bytes:
        """All that was written, with Kaldi's binary mark in front."""
        return self._buffer.getvalue()

    def token(self, *names: str) -> None:
        """Write ``<Name> `` for each name."""
        self._buffer.write("".join(f"<{name}> " for name in names).encode())

    def word(self, text: str) -> None:
        """Write a bare word."""
        self._buffer.write(f"{text} ".encode())

    def text(self, text: str) -> None:
        """Write text as it is."""
        self._buffer.write(text.encode())

    def integer(self, value: int) -> None:
        """Write an int32."""
        self._buffer.write(struct.pack("<bi", 4, value))

    def single(self, value: float) -> None:
        """Write a float."""
        self._buffer.write(struct.pack("<bf", 4, value))

    def double(self, value: float) -> None:
        """Write a double."""
        self._buffer.write(struct.pack("<bd", 8, value))

    def integers(self, values: Sequence[int]) -> None:
        """Write a vector of int32."""
        self._buffer.write(struct.pack("<bi", 4, len(values)))
        self._buffer.write(np.asarray(values, dtype="<i4").tobytes())

    def vector(self, values: Array) -> None:
        """Write a vector of floats."""
        self.word("FV")
        self.integer(len(values))
        self._buffer.write(values.astype("<f4").tobytes())

    def compressed(self, matrix: Array) -> None:
        """Write a matrix in two bytes a value: 65536 steps between its least and greatest."""
        least, span = float(matrix.min()), float(np.ptp(matrix))
        self.word("CM2")
        self._buffer.write(struct.pack("<ffii", least, span, *matrix.shape))
        steps = np.round((matrix - least) / span * 65535)
        self._buffer.write(steps.astype("<u2").tobytes())


def write_transitions(writer: Writer, pdfs: Sequence[int]) -> None:
    """A transition model in which phone ``n + 1`` has one state, with ``pdfs[n]``."""
    phones = range(1, len(pdfs) + 1)
    writer.token("TransitionModel", "Topology")
    writer.integers(list(phones))
    writer.integers([_NO_PDF] + [0] * len(pdfs))  # where each phone's topology is
    writer.integer(1)
    writer.integer(2)
    for pdf_class, arcs in ((0, ((0, 0.5), (1, 0.5))), (_NO_PDF, ())):
        writer.integer(pdf_class)
        writer.integer(len(arcs))
        for target, probability in arcs:
            writer.integer(target)
            writer.single(probability)
    writer.token("/Topology", "Triples")
    writer.integer(len(pdfs))
    for phone, pdf in zip(phones, pdfs, strict=True):
        for value in (phone, 0, pdf):
            writer.integer(value)
    writer.token("/Triples", "LogProbs")
    writer.vector(np.concatenate([[0.0], np.full(2 * len(pdfs), np.log(0.5))]))
    writer.token("/LogProbs", "/TransitionModel")


def write_affine(writer: Writer, weights: Array, bias: Array) -> None:
    """A layer with fixed weights ``(outputs, inputs)``."""
    writer.token("FixedAffineComponent", "LinearParams")
    writer.compressed(weights)
    writer.token("BiasParams")
    writer.vector(bias)
    writer.token("/FixedAffineComponent")


def write_bias(writer: Writer, bias: Array) -> None:
    """A layer that adds ``bias``."""
    writer.token("FixedBiasComponent", "Bias")
    writer.vector(bias)
    writer.token("/FixedBiasComponent")


def write_nonlinearity(writer: Writer, kind: str, size: int) -> None:
    """A rectifier or soft-max of ``size``, with empty training statistics."""
    nothing = np.zeros(0)
    writer.token(kind, "Dim")
    writer.integer(size)
    for name in ("ValueAvg", "DerivAvg"):
        writer.token(name)
        writer.vector(nothing)
    writer.token("Count")
    writer.double(0)
    writer.token("OderivRms")
    writer.vector(nothing)
    for name in ("OderivCount", "NumDimsSelfRepaired", "NumDimsProcessed"):
        writer.token(name)
        writer.double(0)
    writer.token(f"/{kind}")
