"""Service levels as they once were, kept in the database when they are first used.

An order goes on under the version it was opened under, also after the rule file was changed. A file
that was changed without a new version has no effect on what is kept: the operator is told.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from config.service_levels import FILE, ServiceLevels, read_service_levels
from dispatch.chain import canonical_json
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import ConfigurationError
from models.store import Store
from models.tables import RuleVersion

log = structlog.get_logger(__name__)


class KeptLevels:
    """Keeps the versions and puts them on the shelf of the rules. Once at each start."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    async def keep(self) -> str:
        """Returns what the operator must know, in words; empty when all is well."""
        newest = self._rules.service_levels
        with suppress(IntegrityError):  # another process, starting now as well, was faster
            await self._enter(newest)
        rows = await self._rows()
        self._rules.levels.put(levels for row in rows if (levels := _read(row)))
        same = next(row for row in rows if row.version == newest.version)
        if same.content_hash == content_hash(newest):
            return ""
        warning = (
            f"{FILE} 改了内容，却没有换版本号（仍是 {newest.version}）："
            "在换用新的版本号之前，一律按该版本原来的内容计算时限"
        )
        log.error("service_levels.changed", version=newest.version, warning=warning)
        return warning

    async def _enter(self, levels: ServiceLevels) -> None:
        async with self._store.transaction() as work:
            if await work.session.get(RuleVersion, (FILE, levels.version)) is None:
                work.session.add(
                    RuleVersion(
                        file=FILE,
                        version=levels.version,
                        content=plain_content(levels.content),
                        content_hash=content_hash(levels),
                        first_used_at=self._clock.now(),
                    )
                )

    async def _rows(self) -> list[RuleVersion]:
        query = select(RuleVersion).where(RuleVersion.file == FILE)
        async with self._store.read() as session:
            return list(await session.scalars(query.order_by(RuleVersion.first_used_at)))


def _read(row: RuleVersion) -> ServiceLevels | None:
    """None when this program cannot read it any more: its orders go on under the newest one."""
    try:
        return read_service_levels(f"{row.file}（{row.version} 版）", row.content)
    except ConfigurationError as error:
        log.error("service_levels.unreadable", version=row.version, error=str(error))
        return None


def plain_content(content: dict[str, Any]) -> dict[str, Any]:
    """A rule file's content as JSON keeps it: days as text."""
    plain: dict[str, Any] = json.loads(json.dumps(content, default=str))
    return plain


def content_hash(levels: ServiceLevels) -> str:
    """Tells whether the content was changed; comments do not count."""
    body = canonical_json(plain_content(levels.content))
    return hashlib.sha256(body.encode()).hexdigest()
