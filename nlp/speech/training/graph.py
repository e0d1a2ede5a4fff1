"""The decoding graph: phones to words (HCLr) and the language model (Gr), for look-ahead.

libvosk composes the two while it decodes, which is what lets it take a grammar at run time.
"""

from __future__ import annotations

import math
import os
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pywrapfst as fst

from nlp.speech.training.language import BEGIN, END, History, LanguageModel
from nlp.speech.training.lexicon import Pronunciation
from nlp.speech.training.phones import PHONES, TONES

#: Where Debian's libfst22-plugins-base puts the graph types that fstconvert loads.
_PLUGINS = "/usr/lib/x86_64-linux-gnu/fst/22"
#: Disambiguation symbols of the lexicon begin here, far above all words.
_AUXILIARY = 1_000_000
#: What a tone change before a third tone costs.
_SANDHI_COST = 0.7
_UNKNOWN = "[unk]"


def _positioned() -> list[tuple[str, int, str]]:
    """``(name, network output, place in the word)`` of each phone, in the order of their ids.

    The blank stands twice: between words, and inside of them.
    """
    phones = [("SIL", 0, "nonword"), ("SIL_I", 0, "internal")]
    for output, phone in enumerate(PHONES, start=1):
        places = ("I", "E") if phone in TONES else ("B", "I")
        names = {"B": "begin", "I": "internal", "E": "end"}
        phones += [(f"{phone}_{place}", output, names[place]) for place in places]
    return phones


POSITIONED = _positioned()
_ID = {name: number for number, (name, _, _) in enumerate(POSITIONED, start=1)}
_SILENCE, _INNER_SILENCE = _ID["SIL"], _ID["SIL_I"]


def _phone_ids(pronunciation: Pronunciation) -> tuple[int, ...]:
    phones = [phone for syllable in pronunciation.spoken for phone in syllable]
    last = len(phones) - 1
    places = ["B" if k == 0 else "E" if k == last else "I" for k in range(len(phones))]
    return tuple(_ID[f"{phone}_{place}"] for phone, place in zip(phones, places, strict=True))


class Graph:
    """Builds the graph of one lexicon and language model."""

    def __init__(self, lexicon: Sequence[Pronunciation], model: LanguageModel) -> None:
        self._lexicon = lexicon
        self._model = model
        words = sorted({pronunciation.word for pronunciation in lexicon})
        self._ids = {word: number for number, word in enumerate(words, start=2)}
        self._symbols = 1

    def write(self, folder: Path) -> None:
        """Write ``graph/`` of the model."""
        (folder / "phones").mkdir(parents=True, exist_ok=True)
        relabelled = self._write_sounds(folder / "HCLr.fst")
        ids = self._final_ids(relabelled)
        self._write_language(folder / "Gr.fst", ids)
        self._write_tables(folder, ids)

    def _write_sounds(self, path: Path) -> dict[int, int]:
        """Write HCLr; gives the word labels that look-ahead has renumbered."""
        lexicon = self._lexicon_fst()
        lexicon.arcsort("olabel")
        lexicon = fst.determinize(lexicon)
        lexicon.minimize(allow_nondet=True)
        lexicon.arcsort("ilabel")
        transitions = _transitions(self._symbols)
        transitions.arcsort("olabel")
        sounds = fst.compose(transitions, lexicon)
        sounds.connect()
        sounds.arcsort("olabel")
        return _convert_for_look_ahead(sounds, path)

    def _lexicon_fst(self) -> fst.VectorFst:
        graph = fst.VectorFst()
        root = graph.add_state()
        graph.set_start(root)
        graph.set_final(root)
        for phones, words in sorted(self._by_sound().items()):
            for number, (word, cost) in enumerate(words, start=1):
                # No word's sound begins another's: only equal sounds need telling apart.
                extra = (_AUXILIARY + number,) if len(words) > 1 else ()
                self._symbols = max(self._symbols, number + 1)
                _add_path(graph, root, (*phones, *extra), self._ids[word], cost)
        return graph

    def _by_sound(self) -> dict[tuple[int, ...], list[tuple[str, float]]]:
        sounds: dict[tuple[int, ...], list[tuple[str, float]]] = defaultdict(list)
        for item in self._lexicon:
            sounds[_phone_ids(item)].append((item.word, _SANDHI_COST if item.sandhi else 0.0))
        return sounds

    def _final_ids(self, relabelled: dict[int, int]) -> dict[str, int]:
        taken = max([*relabelled.values(), *self._ids.values()])
        ids = {"<eps>": 0}
        for word, number in {_UNKNOWN: 1, **self._ids}.items():
            if number not in relabelled:
                taken += 1
            ids[word] = relabelled.get(number, taken)
        return ids

    def _write_language(self, path: Path, ids: dict[str, int]) -> None:
        graph = fst.VectorFst()
        states: dict[History, int] = {}
        for history in self._model.probability:
            states[history] = graph.add_state()
        graph.set_start(states[(BEGIN,)])
        for history, state in states.items():
            self._add_history(graph, states, history, state, ids)
        graph.arcsort("ilabel")
        _convert(graph, path, "ngram")

    def _add_history(
        self,
        graph: fst.VectorFst,
        states: dict[History, int],
        history: History,
        state: int,
        ids: dict[str, int],
    ) -> None:
        if history:
            back = _known(states, history[1:])
            graph.add_arc(state, fst.Arc(0, 0, _weight(self._model.backoff[history]), back))
        for word, probability in self._model.probability[history].items():
            if word == END:
                graph.set_final(state, _weight(probability))
            elif word in self._ids:
                label, target = ids[word], _known(states, (*history, word)[-2:])
                graph.add_arc(state, fst.Arc(label, label, _weight(probability), target))

    def _write_tables(self, folder: Path, ids: dict[str, int]) -> None:
        phones = enumerate(POSITIONED, start=1)
        boundaries = "".join(f"{number} {place}\n" for number, (_, _, place) in phones)
        (folder / "phones" / "word_boundary.int").write_text(boundaries)
        names = "".join(f"{name} {number}\n" for name, number in {"<eps>": 0, **_ID}.items())
        (folder / "phones.txt").write_text(names)
        ordered = sorted(ids.items(), key=lambda item: item[1])
        words = "".join(f"{word} {number}\n" for word, number in ordered)
        (folder / "words.txt").write_text(words, encoding="utf-8")
        symbols = "".join(f"{_symbol_label(n)}\n" for n in range(self._symbols))
        (folder / "disambig_tid.int").write_text(symbols)


def _known(states: dict[History, int], history: History) -> int:
    """The state of the longest known end of ``history``."""
    while history not in states:
        history = history[1:]
    return states[history]


def _weight(probability: float) -> fst.Weight:
    return fst.Weight("tropical", -math.log(probability))


def _add_path(
    graph: fst.VectorFst, root: int, labels: Sequence[int], word: int, cost: float
) -> None:
    state = root
    for position, label in enumerate(labels):
        last = position == len(labels) - 1
        target = root if last else graph.add_state()
        first = position == 0
        weight = fst.Weight("tropical", cost if first else 0.0)
        graph.add_arc(state, fst.Arc(label, word if first else 0, weight, target))
        state = target


def _symbol_label(number: int) -> int:
    """The transition label that stands for disambiguation symbol ``number``."""
    return 2 * len(POSITIONED) + 1 + number


def _transitions(symbols: int) -> fst.VectorFst:
    """Transition ids to phones: each phone may last, and blanks may stand between any two.

    Transition id ``2 · phone`` enters a phone, ``2 · phone - 1`` stays in it.
    """
    graph = fst.VectorFst()
    between, silent, inside, paused = (graph.add_state() for _ in range(4))
    graph.set_start(between)
    graph.set_final(between)
    graph.set_final(silent)
    for outer, inner, phone in (
        (between, silent, _SILENCE),
        (inside, paused, _INNER_SILENCE),
    ):
        _arc(graph, outer, 2 * phone, 0, inner)
        _arc(graph, inner, 2 * phone - 1, 0, inner)
    for phone, (_, _, place) in enumerate(POSITIONED, start=1):
        if phone in (_SILENCE, _INNER_SILENCE):
            continue
        state = graph.add_state()
        for source in (between, silent) if place == "begin" else (inside, paused):
            _arc(graph, source, 2 * phone, phone, state)
        _arc(graph, state, 2 * phone - 1, 0, state)
        _arc(graph, state, 0, 0, between if place == "end" else inside)
    for number in range(symbols):
        for state in (between, silent, inside, paused):
            _arc(graph, state, _symbol_label(number), _AUXILIARY + number, state)
    return graph


def _arc(graph: fst.VectorFst, source: int, label: int, output: int, target: int) -> None:
    graph.add_arc(source, fst.Arc(label, output, fst.Weight("tropical", 0.0), target))


def _convert_for_look_ahead(graph: fst.VectorFst, path: Path) -> dict[int, int]:
    """Write for look-ahead; gives the output labels that were renumbered for it."""
    with tempfile.NamedTemporaryFile() as pairs:
        _convert(graph, path, "olabel_lookahead", f"--save_relabel_opairs={pairs.name}")
        rows = (line.split() for line in Path(pairs.name).read_text().splitlines())
        return {int(old): int(new) for old, new in rows}


def _convert(graph: fst.VectorFst, path: Path, kind: str, *options: str) -> None:
    """Write as another type: pynini's own OpenFst lacks the ones that libvosk reads."""
    with tempfile.NamedTemporaryFile(suffix=".fst") as plain:
        graph.write(plain.name)
        subprocess.run(
            ["fstconvert", f"--fst_type={kind}", *options, plain.name, str(path)],
            check=True,
            env={**os.environ, "LD_LIBRARY_PATH": _PLUGINS},
        )
