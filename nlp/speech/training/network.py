"""The acoustic network and its training: a small time-delay network with a CTC loss.

It looks at 9 frames every third frame, then widens its view in convolutions. Each convolution is
followed by a rectifier and batch normalisation, which the export folds into the next weights.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from nlp.speech.training.corpus import VERSIONS, Spoken, moments
from nlp.speech.training.distance import distance
from nlp.speech.training.features import BINS, Features, normalise
from nlp.speech.training.phones import PHONES

WIDTH = 320
DILATIONS = (1, 1, 1, 2)
SPLICE = 9
STRIDE = 3
#: Input frames that the network sees on each side of the frame it speaks about.
CONTEXT = SPLICE // 2 + STRIDE * sum(DILATIONS)
OUTPUTS = len(PHONES) + 1
_FRAMES_PER_BATCH = 9000
_PEAK_RATE = 2e-3
_WARM_UP = 0.04


class Network(nn.Module):
    """``(batch, 40, frames + 2 · CONTEXT)`` to ``(batch, outputs, frames / 3)`` logits."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(BINS, WIDTH, SPLICE, stride=STRIDE)
        self.first_norm = nn.BatchNorm1d(WIDTH)
        self.layers = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, dilation=d) for d in DILATIONS)
        self.norms = nn.ModuleList(nn.BatchNorm1d(WIDTH) for _ in DILATIONS)
        self.last = nn.Conv1d(WIDTH, OUTPUTS, 1)
        self.dropout = nn.Dropout(0.1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits; output 0 is the blank."""
        hidden = self.first_norm(functional.relu(self.first(features)))
        for layer, norm in zip(self.layers, self.norms, strict=True):
            hidden = self.dropout(norm(functional.relu(layer(hidden))))
        return torch.as_tensor(self.last(hidden))


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Padded inputs with their lengths in outputs, and the joined targets."""

    inputs: torch.Tensor
    lengths: torch.Tensor
    targets: torch.Tensor
    target_lengths: torch.Tensor


@dataclass(kw_only=True)
class Trained:
    """What the export needs: weights, and the statistics of the features."""

    state: dict[str, torch.Tensor]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    def save(self, path: Path) -> None:
        """Write to ``path``."""
        torch.save(
            {"state": self.state, "mean": self.mean.tolist(), "deviation": self.deviation.tolist()},
            path,
        )

    @classmethod
    def load(cls, path: Path) -> Trained:
        """Read what :meth:`save` wrote."""
        data = torch.load(path, weights_only=True)
        return cls(
            state=data["state"],
            mean=np.array(data["mean"]),
            deviation=np.array(data["deviation"]),
        )


def train(
    corpus: Sequence[Spoken],
    epochs: int,
    report: Callable[[str], None],
    resumed: Trained | None = None,
) -> Trained:
    """Train for ``epochs`` passes; 2 % of the corpus, drawn by chance, are kept for checking.

    :param resumed: a network to go on with, at half the learning rate.
    """
    random.seed(1)
    torch.manual_seed(1)
    mean, deviation = (resumed.mean, resumed.deviation) if resumed else moments(corpus)
    usable = [item for item in corpus if _outputs(len(item.versions[0])) > 1.1 * len(item.outputs)]
    random.shuffle(usable)
    check, learn = usable[: len(usable) // 50], usable[len(usable) // 50 :]
    network = Network()
    if resumed:
        network.load_state_dict(resumed.state)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    rate = _Rate(peak=_PEAK_RATE / 2 if resumed else _PEAK_RATE, epochs=epochs)
    for epoch in range(epochs):
        loss = _pass(network, optimizer, learn, (mean, deviation), partial(rate.at, epoch))
        errors = _phone_error_rate(network, check, mean, deviation)
        report(f"epoch {epoch + 1}/{epochs}: loss {loss:.3f}, phone errors {errors:.1%}")
    network.eval()
    return Trained(state=network.state_dict(), mean=mean, deviation=deviation)


def _outputs(frames: int) -> int:
    return (frames + STRIDE - 1) // STRIDE


def _pass(
    network: Network,
    optimizer: torch.optim.Optimizer,
    corpus: Sequence[Spoken],
    statistics: tuple[NDArray[np.float64], NDArray[np.float64]],
    rate: Callable[[float], float],
) -> float:
    network.train()
    groups = _groups(corpus)
    total = 0.0
    for number, group in enumerate(groups):
        batch = _batch([(item, random.randrange(VERSIONS)) for item in group], *statistics, True)
        for parameters in optimizer.param_groups:
            parameters["lr"] = rate(number / len(groups))
        loss = _loss(network, batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        total += loss.item()
    return total / len(groups)


@dataclass(frozen=True, kw_only=True)
class _Rate:
    """The learning rate: up quickly, then down in a straight line."""

    peak: float
    epochs: int

    def at(self, epoch: int, share: float) -> float:
        """The rate when ``share`` of ``epoch`` is done."""
        progress = (epoch + share) / self.epochs
        if progress < _WARM_UP:
            return self.peak * (0.05 + 0.95 * progress / _WARM_UP)
        return self.peak * max(0.01, 1 - (progress - _WARM_UP) / (1 - _WARM_UP))


def _loss(network: Network, batch: Batch) -> torch.Tensor:
    scores = functional.log_softmax(network(batch.inputs), dim=1).permute(2, 0, 1)
    return functional.ctc_loss(
        scores, batch.targets, batch.lengths, batch.target_lengths, zero_infinity=True
    )


def _groups(corpus: Sequence[Spoken]) -> list[list[Spoken]]:
    """Utterances of like length together, the groups in random order."""
    ordered = sorted(corpus, key=lambda item: len(item.versions[0]) + random.random() * 40)
    groups: list[list[Spoken]] = [[]]
    frames = 0
    for item in ordered:
        if frames > _FRAMES_PER_BATCH:
            groups.append([])
            frames = 0
        groups[-1].append(item)
        frames += len(item.versions[0])
    random.shuffle(groups)
    return groups


def _batch(
    chosen: Sequence[tuple[Spoken, int]],
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
    disturb: bool,
) -> Batch:
    scale = deviation.astype(np.float32)
    heard = [normalise(item.versions[number], mean) / scale for item, number in chosen]
    if disturb:
        heard = [_disturbed(features) for features in heard]
    longest = max(map(len, heard))
    padded = [
        np.pad(x, ((CONTEXT, CONTEXT + longest - len(x)), (0, 0)), mode="edge") for x in heard
    ]
    return Batch(
        inputs=torch.from_numpy(np.stack(padded).astype(np.float32)).transpose(1, 2).contiguous(),
        lengths=torch.tensor([_outputs(len(features)) for features in heard]),
        targets=torch.tensor([output for item, _ in chosen for output in item.outputs]),
        target_lengths=torch.tensor([len(item.outputs) for item, _ in chosen]),
    )


def _disturbed(features: Features) -> Features:
    """Sometimes a few bins are deaf, sometimes the level is off."""
    if random.random() < 0.4:
        first = random.randint(0, BINS - 5)
        features[:, first : first + random.randint(1, 5)] = 0
    return features + np.float32(random.gauss(0, 0.2)) if random.random() < 0.3 else features


def _phone_error_rate(
    network: Network,
    corpus: Sequence[Spoken],
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
) -> float:
    network.eval()
    wrong = said = 0
    with torch.no_grad():
        for item in corpus:
            batch = _batch([(item, 0)], mean, deviation, False)
            wrong += distance(list(_greedy(network(batch.inputs)[0])), item.outputs)
            said += len(item.outputs)
    return wrong / said


def _greedy(logits: torch.Tensor) -> Iterator[int]:
    previous = 0
    for output in logits.argmax(dim=0).tolist():
        if output not in (0, previous):
            yield output
        previous = output
