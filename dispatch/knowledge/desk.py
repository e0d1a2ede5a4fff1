"""Everything of the knowledge base, built once."""

from __future__ import annotations

from dispatch.knowledge.book import KnowledgeBook
from dispatch.knowledge.reading import KnowledgeReader
from dispatch.knowledge.reports import KnowledgeReports
from dispatch.rules import Rules
from models.clock import Clock
from models.knowledge import KnowledgePort
from models.store import Store


class KnowledgeDesk:
    """Its parts by name."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, port: KnowledgePort) -> None:
        parts = (store, clock, rules)
        self.book = KnowledgeBook(*parts)
        self.reports = KnowledgeReports(*parts)
        self.reader = KnowledgeReader(*parts, port)
