"""The trained network as a Kaldi nnet3 model, with the model folder's feature settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nlp.speech.training import features, kaldi
from nlp.speech.training.graph import POSITIONED
from nlp.speech.training.kaldi import Array, Writer
from nlp.speech.training.network import CONTEXT, DILATIONS, OUTPUTS, SPLICE, STRIDE, WIDTH, Trained
from nlp.speech.training.voice import RATE

#: Taken from the blank's log-probability: CTC networks love the blank more than decoders do.
BLANK_PENALTY = 1.0
_FRAMES_COUNTED = 2000.0


def export(trained: Trained, folder: Path) -> None:
    """Write ``am/`` of the model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "final.mdl").write_bytes(_model(trained))
    (folder / "global_cmvn.stats").write_text(_statistics(trained.mean, trained.deviation))


def feature_settings() -> str:
    """The content of ``conf/fbank.conf``."""
    return (
        f"--sample-frequency={RATE}\n--num-mel-bins={features.BINS}\n"
        f"--low-freq={features.LOW_HZ:.0f}\n--high-freq={features.HIGH_HZ:.0f}\n"
        "--use-energy=false\n--allow-downsample=true\n"
    )


def _statistics(mean: Array, deviation: Array) -> str:
    """Sums and sums of squares, as if counted over some frames."""
    sums = " ".join(f"{value:.6g}" for value in mean * _FRAMES_COUNTED)
    squares = " ".join(f"{value:.6g}" for value in (deviation**2 + mean**2) * _FRAMES_COUNTED)
    return f" [\n  {sums} {_FRAMES_COUNTED:g}\n  {squares} 0 ]\n"


def _model(trained: Trained) -> bytes:
    writer = Writer()
    kaldi.write_transitions(writer, [pdf for _, pdf, _ in POSITIONED])
    layers = _affine_layers(trained)
    writer.token("Nnet3")
    writer.text("\n" + "\n".join(_wiring(len(layers))) + "\n\n")
    writer.token("NumComponents")
    writer.integer(2 * len(layers) + 1)
    for number, (weights, bias) in enumerate(layers):
        _component(writer, f"affine{number}")
        kaldi.write_affine(writer, weights, bias)
        _component(writer, f"shape{number}")
        last = number == len(layers) - 1
        kind = "LogSoftmaxComponent" if last else "RectifiedLinearComponent"
        kaldi.write_nonlinearity(writer, kind, OUTPUTS if last else WIDTH)
    _component(writer, "penalty")
    kaldi.write_bias(writer, np.array([-BLANK_PENALTY] + [0.0] * (OUTPUTS - 1)))
    writer.token("/Nnet3")
    _context(writer)
    return writer.content()


def _component(writer: Writer, name: str) -> None:
    writer.token("ComponentName")
    writer.word(name)


def _context(writer: Writer) -> None:
    for side in ("LeftContext", "RightContext"):
        writer.token(side)
        writer.integer(CONTEXT)
    writer.token("Priors")
    writer.vector(np.zeros(0))


def _wiring(layers: int) -> list[str]:
    """The configuration lines: which component hears what."""
    lines = [f"input-node name=input dim={features.BINS}"]
    for number in range(layers):
        lines.append(_node(f"affine{number}", _hears(number, layers)))
        lines.append(_node(f"shape{number}", f"affine{number}"))
    lines.append(_node("penalty", f"shape{layers - 1}"))
    return [*lines, "output-node name=output input=penalty objective=linear"]


def _hears(number: int, layers: int) -> str:
    if number == 0:
        half = SPLICE // 2
        return _append("input", range(-half, half + 1))
    source = f"shape{number - 1}"
    if number == layers - 1:
        return source
    step = STRIDE * DILATIONS[number - 1]
    return _append(source, (-step, 0, step))


def _node(name: str, hears: str) -> str:
    return f"component-node name={name} component={name} input={hears}"


def _append(source: str, offsets: range | tuple[int, ...]) -> str:
    parts = (f"Offset({source}, {offset})" if offset else source for offset in offsets)
    return f"Append({', '.join(parts)})"


def _affine_layers(trained: Trained) -> list[tuple[Array, Array]]:
    """Weights and biases with scaling and batch normalisation folded in."""
    state = {name: tensor.double().numpy() for name, tensor in trained.state.items()}
    first = state["first.weight"] / trained.deviation[None, :, None]
    layers = [(_flat(first), state["first.bias"])]
    scale, offset = _batch_norm(state, "first_norm")
    for number in range(len(DILATIONS)):
        layers.append(_folded(state, f"layers.{number}", scale, offset))
        scale, offset = _batch_norm(state, f"norms.{number}")
    return [*layers, _folded(state, "last", scale, offset)]


def _flat(weights: Array) -> Array:
    """``(out, in, time)`` to Kaldi's ``(out, time · in)``."""
    return np.concatenate([weights[:, :, t] for t in range(weights.shape[2])], axis=1)


def _folded(state: dict[str, Array], name: str, scale: Array, offset: Array) -> tuple[Array, Array]:
    weights, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    return _flat(weights * scale[None, :, None]), bias + weights.sum(axis=2) @ offset


def _batch_norm(state: dict[str, Array], name: str) -> tuple[Array, Array]:
    scale = state[f"{name}.weight"] / np.sqrt(state[f"{name}.running_var"] + 1e-5)
    return scale, state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale
