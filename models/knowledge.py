"""What the search for articles offers those who show them: a port, wired in ``hotline``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class FoundArticle:
    """An article found. ``score``: the higher the likelier, from about 0.3 on worth a look."""

    number: str
    score: float


class KnowledgePort(Protocol):
    """Search for articles by what they say. It knows neither readers nor rights, and it may lag a
    little: whoever shows an article reads it from the database."""

    async def search(self, text: str, limit: int) -> list[FoundArticle]:
        """The likeliest first."""
        ...

    async def suggested(self, call_id: str) -> tuple[str, ...]:
        """Numbers of the articles for what a citizen has said so far."""
        ...


class NoKnowledge:
    """Where nothing searches."""

    async def search(self, text: str, limit: int) -> list[FoundArticle]:
        """See :meth:`KnowledgePort.search`."""
        return []

    async def suggested(self, call_id: str) -> tuple[str, ...]:
        """See :meth:`KnowledgePort.suggested`."""
        return ()
