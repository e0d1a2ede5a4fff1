"""The text model of this installation: loaded, or trained first where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from config.settings import Settings
from nlp.corpus import seed_files
from nlp.text.model import ModelUnavailable, load_model
from nlp.text.understander import Understander, load_resources, models_dir
from nlp.text.versions import in_use

if TYPE_CHECKING:
    from nlp.text.corpus import LabelledText
    from nlp.text.model import TextModel

log = structlog.get_logger(__name__)


def load_understander(settings: Settings) -> Understander:
    """With the model in use; a missing or damaged one is trained anew from the seed corpus."""
    try:
        return Understander.load(settings)
    except ModelUnavailable:
        train_text_model(settings)
        return Understander.load(settings)


class ModelWatch:
    """Takes the version in use as soon as somebody has switched it; until then the old serves."""

    def __init__(self, settings: Settings, understander: Understander) -> None:
        self._folder = models_dir(settings)
        self._understander = understander
        self._refused = ""

    async def look(self) -> None:
        """To be called every few seconds. A version that cannot be read is told once."""
        wanted = await asyncio.to_thread(in_use, self._folder)
        if wanted in ("", self._understander.version, self._refused):
            return
        cut = self._understander.resources.segmenter.words
        try:
            model = await asyncio.to_thread(load_model, self._folder / wanted, cut)
        except ModelUnavailable as error:
            self._refused = wanted
            log.error("text_model.refused", version=wanted, error=str(error))
            return
        self._understander.take(model)
        log.info("text_model.taken", version=wanted)


def train_text_model(
    settings: Settings, *, activate: bool = True, further: Sequence[LabelledText] = ()
) -> TextModel:
    """Train from the seed corpus and ``further`` rows; put the new model in use, if it is to be."""
    from nlp.text.train import train  # the learning library takes seconds to import

    return train(
        seed_files(),
        models_dir(settings),
        load_resources(settings),
        sure=settings.text.sure,
        activate=activate,
        further=further,
    )
