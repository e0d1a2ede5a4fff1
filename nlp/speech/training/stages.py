"""The stages of making the practice model, each a command; what they make stays in a work folder.

``all`` runs ``speak``, ``train``, ``export`` and ``evaluate``. After a change of words or sentences
``graph`` alone renews the decoding graph of an existing model.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import click

from nlp.speech.training import text, words

PRACTICE_MODEL = Path(__file__).parent.parent / "practice_model"
WORK = Path("var/speech-training")
_SEED = 2026
_SENTENCES = 2600
_WRITTEN = 2000
_BABBLE = 1600
_LONGEST_WRITTEN = 40
_EPOCHS = 12
#: Sizes of the vocabulary and of the text that the language model counts.
_VOCABULARY = 12_000
_COUNTED_SENTENCES = 15_000
_FREE_WEIGHT = 2
_THRESHOLD = 5.0

_PRACTICE = """\
This model understands espeak-ng's Mandarin voice and no people. It is for trying out and for tests.
Made by nlp/speech/training from text of this project and jieba's word list; see docs/speech.md.
"""

_work = click.option("--work", type=click.Path(path_type=Path), default=WORK, show_default=True)
_model = click.option(
    "--model", type=click.Path(path_type=Path), default=PRACTICE_MODEL, show_default=True
)


@click.group()
def main() -> None:
    """Make the practice model from espeak-ng's voice (see docs/speech.md)."""


@main.command()
@_work
def speak(work: Path) -> None:
    """Speak the training sentences and compute their features."""
    from nlp.speech.training import corpus

    work.mkdir(parents=True, exist_ok=True)
    sentences = training_sentences()
    with click.progressbar(length=len(sentences), label="speaking") as bar:
        corpus.build(sentences, work / "corpus.npz", lambda done, _: bar.update(done - bar.pos))


@main.command()
@_work
@click.option("--epochs", default=_EPOCHS, show_default=True)
@click.option("--resume", is_flag=True, help="Go on with the network of an earlier training.")
def train(work: Path, epochs: int, resume: bool) -> None:
    """Train the network."""
    from nlp.speech.training import corpus, network

    began = time.monotonic()

    def report(line: str) -> None:
        click.echo(f"{line} ({time.monotonic() - began:.0f} s)")

    path = work / "network.pt"
    earlier = network.Trained.load(path) if resume else None
    network.train(corpus.load(work / "corpus.npz"), epochs, report, earlier).save(path)


@main.command()
@_work
@_model
@click.pass_context
def export(context: click.Context, work: Path, model: Path) -> None:
    """Write the model folder: network, settings and graph."""
    from nlp.speech.training import acoustic, network

    acoustic.export(network.Trained.load(work / "network.pt"), model / "am")
    write_settings(model)
    context.invoke(graph, model=model)


@main.command()
@_model
def graph(model: Path) -> None:
    """Renew the words and the language model of a model folder."""
    from nlp.speech.training import language, lexicon
    from nlp.speech.training.graph import Graph

    words.prepare()
    general, counted = words.frequent(_VOCABULARY), counted_sentences()
    known = lexicon.pronunciations({*general, *(word for line in counted for word in line)})
    sayable = {pronunciation.word for pronunciation in known}
    heard = [part for line in counted for part in words.without_others(line, sayable)]
    common = {word: count for word, count in general.items() if word in sayable}
    spoken = language.estimate(heard, common, _THRESHOLD)
    Graph(known, spoken).write(model / "graph")
    click.echo(f"{len(known)} pronunciations, {spoken.size} n-grams, {_megabytes(model):.1f} MB")


@main.command()
@_model
@click.option("--show", is_flag=True, help="Print each sentence that was misheard.")
def evaluate(model: Path, show: bool) -> None:
    """Measure the character error rate on sentences, voices and speeds not trained on."""
    from nlp.speech.training import evaluation

    for name, sentences in evaluation.sets(trained_on=set(map(text.plain, training_sentences()))):
        result = evaluation.measure(model, sentences, click.echo if show else None)
        click.echo(f"{name}: {result}")


@main.command(name="all")
@_work
@_model
def everything(work: Path, model: Path) -> None:
    """Run all stages, each in a process of its own.

    pynini and libvosk both bring OpenFst along and hang when loaded into one process.
    """
    for stage, *options in (
        ("speak", "--work", str(work)),
        ("train", "--work", str(work)),
        ("export", "--work", str(work), "--model", str(model)),
        ("evaluate", "--model", str(model)),
    ):
        click.echo(f"-- {stage}")
        subprocess.run([sys.executable, "-m", "nlp.speech.training", stage, *options], check=True)


def training_sentences() -> list[str]:
    """What is spoken for the training: hotline talk, and babble for the rarer syllables."""
    words.prepare()
    grammar = text.Grammar(_SEED)
    talk = list(dict.fromkeys(grammar.sentence() for _ in range(2 * _SENTENCES)))[:_SENTENCES]
    return talk + _written() + words.babble(words.frequent(20_000), _BABBLE, _SEED)


def _written() -> list[str]:
    """Freely written sentences and the classifier's, of a length said in a breath or two."""
    written = dict.fromkeys(text.lines("free.txt") + text.corpus())
    fit = [line for line in written if 8 <= len(line) <= _LONGEST_WRITTEN]
    return random.Random(_SEED).sample(fit, min(_WRITTEN, len(fit)))


def counted_sentences() -> list[list[str]]:
    """What the language model counts, cut into words. A breath may end an utterance."""
    grammar = text.Grammar(_SEED + 1)
    made = [grammar.sentence() for _ in range(_COUNTED_SENTENCES)]
    parts = [part for number, line in enumerate(made) for part in _breaths(line, number)]
    free = (text.lines("free.txt") + text.corpus()) * _FREE_WEIGHT
    parts += [part for number, line in enumerate(free) for part in _breaths(line, number)]
    return [words.cut(part) for part in parts]


def _breaths(line: str, number: int) -> list[str]:
    return line.split("，") if number % 3 == 0 else [line]


def write_settings(model: Path) -> None:
    """Write ``conf/`` of the model."""
    from nlp.speech.training import acoustic

    (model / "PRACTICE").write_text(_PRACTICE)
    folder = model / "conf"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fbank.conf").write_text(acoustic.feature_settings())
    (folder / "model.conf").write_text(
        "--min-active=200\n--max-active=4000\n--beam=14.0\n--lattice-beam=6.0\n"
        "--acoustic-scale=1.0\n--frame-subsampling-factor=3\n--endpoint.silence-phones=1:2\n"
        "--endpoint.rule2.min-trailing-silence=0.5\n"
        "--endpoint.rule3.min-trailing-silence=1.0\n"
        "--endpoint.rule4.min-trailing-silence=2.0\n"
    )


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
