"""What the machine makes of a citizen's words. Advice only: people decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.vocabulary import RequestType, Urgency


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One proposal. ``confidence`` 0–1; ``reason`` in Chinese: what spoke for it."""

    code: str
    name: str
    confidence: float
    reason: str = ""
    #: For categories: names of level 1, 2, 3.
    path: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where in the text a fact was found: ``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A thing found in the text. ``kind``: place, time, phone, person, demand …"""

    kind: str
    #: As said.
    text: str
    #: Normalised: a lexicon name, a phone in digits, an ISO date …
    value: str
    span: Span
    #: For times: the instant it resolves to.
    resolved: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """The machine abstains: it is less sure than its threshold asks. ``reason`` in Chinese."""

    #: ``request_type``, ``category`` or ``department``.
    field: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RefusalHint:
    """A reason for which the demand may have to be declined; a person decides."""

    #: Of ``oversight.yaml``, as the name and the route that the citizen is told.
    code: str
    name: str
    route: str
    #: What spoke for it, in Chinese.
    reason: str
    #: The word that did.
    span: Span


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """Everything proposed for one text. Lists are likeliest first, at most three."""

    request_types: tuple[Candidate, ...]
    categories: tuple[Candidate, ...]
    departments: tuple[Candidate, ...]
    urgency: Urgency
    urgency_reason: str
    title: str
    facts: tuple[Fact, ...]
    model_version: str
    #: What a person should decide without leaning on the candidates.
    doubts: tuple[Doubt, ...] = ()
    refusals: tuple[RefusalHint, ...] = ()
    #: What was told, in the citizen's words: longer than the title, shorter than a letter.
    summary: str = ""

    @property
    def request_type(self) -> RequestType:
        """The likeliest type; OTHER where nothing was proposed."""
        return RequestType(self.request_types[0].code) if self.request_types else RequestType.OTHER

    def first(self, kind: str) -> Fact | None:
        """The first fact of a kind."""
        return next((fact for fact in self.facts if fact.kind == kind), None)
