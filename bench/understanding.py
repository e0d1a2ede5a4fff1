"""``python -m bench.understanding`` (``make bench-nlp``): the reading of texts, on one core.

Beside it, in the same run and on the same texts: plain jieba, scikit-learn's TF-IDF and LinearSVC,
which give one label and nothing else (no facts, no units, no title, no reasons).
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import knowledge
from bench.figures import Row, machine, percentile, table
from config.settings import load_settings
from hotline.text_model import train_text_model
from models.clock import SystemClock
from nlp.corpus import seed_files
from nlp.text.corpus import LabelledText, read_corpus
from nlp.text.understander import Understander, load_resources

#: Characters of the texts that are read.
LENGTH = 370
_WARM_UP = 50


def measure(texts: int, folder: Path, articles: int) -> list[Row]:
    """Train in ``folder``, then read ``texts`` letters of :data:`LENGTH` characters."""
    settings = load_settings(var=folder)
    begun = time.perf_counter()
    model = train_text_model(settings)
    trained = time.perf_counter() - begun
    start = _seconds_of_start(folder)
    understander = Understander.load(settings)
    resources = load_resources(settings)
    rows = read_corpus(seed_files(), resources.taxonomy, resources.departments)
    letters = _letters(rows, texts)
    now = SystemClock().now()
    ours = _milliseconds(lambda text: understander.understand(text, now=now), letters)
    begun = time.perf_counter()
    label = _plain(rows)
    plain_trained = time.perf_counter() - begun
    plain = _milliseconds(label, letters)
    note = f"{len(letters)} letters of {LENGTH} characters, CPU time on one core"
    beside = "jieba, TF-IDF and LinearSVC: the category alone"
    return [
        *(
            Row(
                name=f"full understanding of a letter, p{percent}",
                value=percentile(ours, percent),
                unit="ms",
                alternative=beside,
                beside=percentile(plain, percent),
                note=note,
            )
            for percent in (50, 99)
        ),
        Row(name="start of a process until the first answer", value=start, unit="s"),
        Row(
            name="training from the seed corpus",
            value=trained,
            unit="s",
            alternative=beside,
            beside=plain_trained,
            note=f"{model.manifest['rows']['trained']} rows, all tasks, with evaluation",
        ),
        *knowledge.measure(model, resources, articles),
    ]


def _letters(rows: Sequence[LabelledText], count: int) -> list[str]:
    """Rows of the corpus put together: as long as people write, and never quite the same."""
    chosen = random.Random(LENGTH)
    letters = []
    for _ in range(count):
        letter = ""
        while len(letter) < LENGTH:
            letter += chosen.choice(rows).text + "。"
        letters.append(letter[:LENGTH])
    return letters


def _milliseconds(read: Callable[[str], object], letters: Sequence[str]) -> list[float]:
    """CPU time of each text: what else the machine does is not in it."""
    for letter in letters[:_WARM_UP]:
        read(letter)
    spent = []
    for letter in letters:
        begun = time.process_time()
        read(letter)
        spent.append((time.process_time() - begun) * 1000)
    return spent


def _plain(rows: Sequence[LabelledText]) -> Callable[[str], object]:
    import jieba
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    pipeline = make_pipeline(
        TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None, ngram_range=(1, 2), min_df=2),
        LinearSVC(),
    )
    pipeline.fit([row.text for row in rows], [row.category for row in rows])
    return lambda text: pipeline.predict([text])


def _seconds_of_start(folder: Path) -> float:
    """A fresh process, model trained and dictionaries compiled before: imports are in it."""
    program = (
        "from config.settings import load_settings\n"
        "from models.clock import SystemClock\n"
        "from nlp.text.understander import Understander\n"
        f"ready = Understander.load(load_settings(var={str(folder)!r}))\n"
        "ready.understand('路灯不亮', now=SystemClock().now())\n"
    )
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - begun


def main() -> None:
    """Print the machine and the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.understanding", description=__doc__)
    parser.add_argument("--texts", type=int, default=500, help="letters to read")
    parser.add_argument("--articles", type=int, default=20_000, help="of the large knowledge base")
    arguments = parser.parse_args()
    described = machine()
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        rows = measure(arguments.texts, Path(folder), arguments.articles)
    print(f"{described}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
