"""What a text is about, as a direction: the scores that the text model gives it for all categories.

Texts that share no word point the same way when people write of the same kind of matter with them.
Nothing has to be trained for it but the model that is there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nlp.text.model import TextModel

Floats = npt.NDArray[np.float32]
#: A text to a vector of length one; all zero for a text of which nothing is known.
Meaning = Callable[[str], Floats]


def meaning_of(model: TextModel) -> Meaning:
    """By the model's categories."""
    head, space = model.heads["category"], model.space

    def meaning(text: str) -> Floats:
        row = space.row(text)
        if row.empty:
            return np.zeros(len(head.classes), dtype=np.float32)
        scores = head.scores(row) - head.bias
        scores -= scores.mean()
        length = float(np.linalg.norm(scores))
        return scores / np.float32(length) if length else scores

    return meaning
