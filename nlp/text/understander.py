"""Everything proposed for one text. The door of this package."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from config.settings import Settings
from models.understanding import Fact, Understanding
from models.vocabulary import RequestType
from nlp.text.alike import SoundAlikes
from nlp.text.classify import Classified, Classifier
from nlp.text.clauses import Clause, split_clauses
from nlp.text.demand import find_demand
from nlp.text.doubts import doubts_of
from nlp.text.features import known_words
from nlp.text.model import TextModel, current_folder, load_model
from nlp.text.neighbourhoods import beginnings
from nlp.text.people import find_person
from nlp.text.phones import find_phones
from nlp.text.places import place_fact
from nlp.text.refusals import refusal_hints
from nlp.text.resources import Resources
from nlp.text.summary import summarise
from nlp.text.times import find_times
from nlp.text.title import make_title
from nlp.text.urgency import judge_urgency

#: Longer texts are read up to here; what follows adds nothing but time.
LONGEST = 10_000


class Understander:
    """Understands texts. Keeps nothing between calls, safe from several threads."""

    def __init__(self, model: TextModel, resources: Resources, zone: tzinfo) -> None:
        self.resources = resources
        self._zone = zone
        self.take(model)

    @classmethod
    def load(cls, settings: Settings) -> Understander:
        """With the rule files and the current model of this installation (about two seconds).

        :raises ModelUnavailable: when no model was trained, or it is damaged.
        :raises ConfigurationError: when a rule file is wrong.
        """
        resources = load_resources(settings)
        folder = current_folder(models_dir(settings))
        model = load_model(folder, resources.segmenter.words)
        return cls(model, resources, ZoneInfo(settings.timezone))

    def take(self, model: TextModel) -> None:
        """Another model from now on; a text that is being read is finished by the one before."""
        self.classifier = Classifier(model, self.resources)
        self._alike = SoundAlikes(self.resources.places.names, model.space.sounds)

    def known_words(self, texts: Sequence[str]) -> float:
        """Share of their words that the model has learned from, 0–1."""
        return known_words(self.classifier.model.space, texts)

    @property
    def version(self) -> str:
        """Version of the model in use."""
        return self.classifier.model.version

    def understand(self, text: str, *, now: datetime) -> Understanding:
        """``now``: the aware moment at which it was said; phrases of time count from it."""
        text = text[:LONGEST]
        places = self.resources.places.find(text, self._alike)
        street = next((place.unit for place in places if place.unit), None)
        classifier = self.classifier
        found = classifier.classify(text, lambda: street)
        place_facts = [place_fact(text, place) for place in places]
        clauses = split_clauses(text)
        facts = _once_each([*place_facts, *self._facts(text, clauses, now, found)])
        manifest = classifier.model.manifest
        types, said = found.request_types, beginnings(text)
        urgency, reason = judge_urgency(text, self.resources.urgency, types, said)
        return Understanding(
            request_types=found.request_types,
            categories=found.categories,
            departments=found.departments,
            urgency=urgency,
            urgency_reason=reason,
            title=self._title(clauses, place_facts, found),
            facts=facts,
            model_version=classifier.model.version,
            doubts=doubts_of(found, manifest, manifest.get("few", {})),
            summary=summarise(text, clauses, facts, found.category_words),
            refusals=refusal_hints(text, self.resources.refusals, types, said),
        )

    def _facts(
        self, text: str, clauses: list[Clause], now: datetime, found: Classified
    ) -> list[Fact]:
        single = (find_demand(clauses, text, _type(found)), find_person(text))
        return [
            *find_times(text, now, self._zone),
            *find_phones(text),
            *(fact for fact in single if fact is not None),
        ]

    def _title(self, clauses: list[Clause], places: list[Fact], found: Classified) -> str:
        category = found.categories[0] if found.categories else None
        return make_title(
            clauses,
            places[0] if places else None,
            category,
            list(found.category_words),
            _type(found),
        )


def _once_each(facts: list[Fact]) -> tuple[Fact, ...]:
    """Said again is no further fact: the first of each kind and value stays."""
    first: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        first.setdefault((fact.kind, fact.value), fact)
    return tuple(first.values())


def _type(found: Classified) -> RequestType:
    types = found.request_types
    return RequestType(types[0].code) if types else RequestType.OTHER


def models_dir(settings: Settings) -> Path:
    """Where the versions of the text model lie."""
    return settings.var / "models" / "text"


def load_resources(settings: Settings) -> Resources:
    """The rule files of this installation."""
    zone = ZoneInfo(settings.timezone)
    return Resources.load(
        settings.rules, settings.var / "cache", today=lambda: datetime.now(zone).date()
    )
