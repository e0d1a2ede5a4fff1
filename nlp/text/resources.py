"""The rule files that understanding stands on, loaded once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from config.catalogue import Catalogue, load_catalogue
from config.catalogue_shelf import CatalogueShelf
from config.departments import DepartmentKind, Departments, load_departments
from config.lexicon import Lexicon, load_lexicon
from config.refusal_words import RefusalWords, load_refusal_words
from config.taxonomy import Taxonomy, load_taxonomy
from config.urgency import UrgencyRules, load_urgency
from models.errors import ConfigurationError
from nlp.text.places import PlaceFinder
from nlp.text.segment import Segmenter


@dataclass(frozen=True)
class Resources:
    """Everything but the learned model. Immutable; used from several threads."""

    taxonomy: Taxonomy
    departments: Departments
    lexicon: Lexicon
    #: The catalogue's versions: the one thing here that may change meanwhile.
    catalogues: CatalogueShelf
    urgency: UrgencyRules
    refusals: RefusalWords
    segmenter: Segmenter
    places: PlaceFinder

    @property
    def catalogue(self) -> Catalogue:
        """Today's."""
        return self.catalogues.current

    def is_local(self, unit: str) -> bool:
        """Whether a unit is a street, a township or below one."""
        kind = self.departments.get(unit).kind
        return kind in (DepartmentKind.STREET, DepartmentKind.COMMUNITY)

    @classmethod
    def load(
        cls,
        rules: Path | None = None,
        cache_dir: Path | None = None,
        today: Callable[[], date] | None = None,
    ) -> Resources:
        """Read the rule files. ``rules``: the city's own folder (``settings.rules``); ``today``:
        the city's day.

        :raises ConfigurationError: naming file and row of what is wrong.
        """
        taxonomy, departments, lexicon = (
            load_taxonomy(rules),
            load_departments(rules),
            load_lexicon(rules),
        )
        for place in lexicon.places:
            if place.unit is not None and place.unit not in departments:
                raise ConfigurationError(
                    f"lexicon.yaml 地点 {place.name}：单位 {place.unit} 不在 departments.yaml 中"
                )
        return cls(
            taxonomy=taxonomy,
            departments=departments,
            lexicon=lexicon,
            catalogues=CatalogueShelf(
                load_catalogue(taxonomy, departments, rules), today or date.today
            ),
            urgency=load_urgency(rules),
            refusals=load_refusal_words(rules),
            segmenter=Segmenter(lexicon, departments, cache_dir),
            places=PlaceFinder(lexicon),
        )
