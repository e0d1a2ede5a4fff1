"""The text model of this installation: loaded, or trained first where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.settings import Settings
from nlp.corpus import seed_files
from nlp.text.model import ModelUnavailable
from nlp.text.understander import Understander, load_resources, models_dir

if TYPE_CHECKING:
    from nlp.text.model import TextModel


def load_understander(settings: Settings) -> Understander:
    """With the model in use; a missing or damaged one is trained anew from the seed corpus."""
    try:
        return Understander.load(settings)
    except ModelUnavailable:
        train_text_model(settings)
        return Understander.load(settings)


def train_text_model(settings: Settings, *, activate: bool = True) -> TextModel:
    """Train from the seed corpus and put the new model in use, if it is to be."""
    from nlp.text.train import train  # the learning library takes seconds to import

    return train(
        seed_files(),
        models_dir(settings),
        load_resources(settings),
        sure=settings.text.sure,
        activate=activate,
    )
