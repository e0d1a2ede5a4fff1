"""The versions of the dispatch catalogue in the database: entered, read, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from config.catalogue import Catalogue, Rule
from config.catalogue_shelf import CatalogueShelf
from dispatch.chain import canonical_json
from dispatch.commands import invalid
from dispatch.rules import Rules
from models.clock import Clock
from models.errors import NotFound
from models.guards import Actor
from models.ids import new_id
from models.store import Store, UnitOfWork
from models.tables import CatalogueRule, CatalogueVersion
from models.vocabulary import CatalogueSource, RequestType

log = structlog.get_logger(__name__)

#: Of two of the same day the one entered later holds.
_NEWEST_FIRST = (
    CatalogueVersion.valid_from.desc(),
    CatalogueVersion.imported_at.desc(),
    CatalogueVersion.id.desc(),
)


class CatalogueBook:
    """Keeps the versions, and puts them on the shelves that decisions are taken from."""

    def __init__(self, store: Store, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._shelves = [rules.catalogues]
        self._seen: tuple[str, ...] | None = None

    def fill(self, shelf: CatalogueShelf) -> None:
        """Keep this shelf up to date, too."""
        self._shelves.append(shelf)
        self._seen = None

    @property
    def today(self) -> date:
        """The city's day."""
        return self._clock.now().astimezone(self._rules.zone).date()

    async def enter_file(self) -> None:
        """Write down the rule file as a version, as long as nothing was imported: what held on a
        day must be known even after the file was edited."""
        catalogue = self._rules.catalogues.first
        try:
            async with self._store.transaction() as work:
                newest = await _newest(work.session)
                if newest is None or (
                    newest.source is CatalogueSource.FILE
                    and newest.digest != digest_of(catalogue.rules)
                ):
                    await self._enter_file(work, catalogue)
        except IntegrityError:
            log.info("catalogue.entered_elsewhere")  # another process was faster
        await self.refresh()

    async def _enter_file(self, work: UnitOfWork, catalogue: Catalogue) -> None:
        version = await self._unused_label(work.session, catalogue.version)
        row = self._version(version, self.today, CatalogueSource.FILE, catalogue.rules)
        await self._write(work, row, catalogue.rules)

    async def enter(
        self, actor: Actor | None, rules: Sequence[Rule], *, valid_from: date, file: str, note: str
    ) -> CatalogueVersion:
        """A new version. ``actor`` None: on the command line.

        :raises InvalidInput: for a day whose answers would change, or a catalogue that is the
            same as the one that holds then.
        """
        async with self._store.transaction() as work:
            await self._check_day(work.session, valid_from)
            label = await self._unused_label(work.session, valid_from.isoformat())
            row = self._version(label, valid_from, CatalogueSource.IMPORT, rules)
            await self._check_new(work.session, row)
            row.file_name, row.note = file, note
            if actor is not None:
                row.imported_by, row.imported_by_name = actor.id, actor.name
            await self._write(work, row, rules)
        log.info("catalogue.entered", version=row.version, by=actor.id if actor else "")
        await self.refresh()
        return row

    async def _check_day(self, session: AsyncSession, valid_from: date) -> None:
        """The past stays what it was, but for days of which nothing is known."""
        first = await session.scalar(select(func.min(CatalogueVersion.valid_from)))
        if valid_from >= self.today or (first is not None and valid_from < first):
            return
        known = f"，或早于已有目录的最早日期{first:%Y-%m-%d}（补录历史目录）" if first else ""
        message = f"生效日期不能改变过去：应不早于今天（{self.today:%Y-%m-%d}）{known}"
        raise invalid([{"field": "valid_from", "message": message}])

    async def _check_new(self, session: AsyncSession, row: CatalogueVersion) -> None:
        query = select(CatalogueVersion).where(CatalogueVersion.valid_from <= row.valid_from)
        held = await session.scalar(query.order_by(*_NEWEST_FIRST).limit(1))
        if held is not None and held.digest == row.digest:
            message = f"与届时生效的 {held.version} 版完全相同，不必再导入"
            raise invalid([{"field": "file", "message": message}])

    async def _unused_label(self, session: AsyncSession, wanted: str) -> str:
        used = set(await session.scalars(select(CatalogueVersion.version)))
        label, number = wanted, 1
        while label in used:
            number += 1
            label = f"{wanted}.{number}"
        return label

    def _version(
        self, label: str, valid_from: date, source: CatalogueSource, rules: Sequence[Rule]
    ) -> CatalogueVersion:
        return CatalogueVersion(
            id=new_id(),
            version=label,
            valid_from=valid_from,
            source=source,
            file_name="",
            digest=digest_of(rules),
            note="",
            imported_by_name="",
            imported_at=self._clock.now(),
        )

    async def _write(
        self, work: UnitOfWork, version: CatalogueVersion, rules: Sequence[Rule]
    ) -> None:
        work.session.add(version)
        await work.session.flush()
        for position, rule in enumerate(rules, 1):
            work.session.add(self._row(version.id, position, rule))

    def _row(self, version_id: str, position: int, rule: Rule) -> CatalogueRule:
        names = {code: self._rules.unit_name(code) for code in rule.units}
        names |= {code: self._rules.category_name(code) for code in rule.categories}
        fields = asdict(rule)
        code = fields.pop("id")
        lists = {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}
        return CatalogueRule(
            id=new_id(),
            version_id=version_id,
            position=position,
            code=code,
            names=names,
            **lists,
        )

    async def versions(self) -> list[CatalogueVersion]:
        """All, the one that holds latest first."""
        query = select(CatalogueVersion).order_by(*_NEWEST_FIRST)
        async with self._store.read() as session:
            return list(await session.scalars(query))

    async def version(self, label: str) -> CatalogueVersion:
        """One by its label.

        :raises NotFound: when there is none.
        """
        query = select(CatalogueVersion).where(CatalogueVersion.version == label)
        async with self._store.read() as session:
            found = await session.scalar(query)
        if found is None:
            raise NotFound(f"没有 {label} 版派单目录", version=label)
        return found

    async def on(self, day: date) -> CatalogueVersion:
        """The version that held on ``day``.

        :raises NotFound: before the first one.
        """
        held = [each for each in await self.versions() if each.valid_from <= day]
        if not held:
            raise NotFound(f"{day:%Y-%m-%d} 还没有派单目录的记录", day=day.isoformat())
        return held[0]

    async def rules(self, version_id: str) -> list[CatalogueRule]:
        """The rules of a version, in order."""
        query = select(CatalogueRule).where(CatalogueRule.version_id == version_id)
        async with self._store.read() as session:
            return list(await session.scalars(query.order_by(CatalogueRule.position)))

    async def refresh(self) -> bool:
        """Put on the shelves what another process has entered; True: there was something."""
        versions = await self.versions()
        seen = tuple(sorted(each.id for each in versions))
        if seen == self._seen:
            return False
        held = [await self._catalogue(each) for each in reversed(versions)]
        for shelf in self._shelves:
            shelf.put(held)
        self._seen = seen
        return True

    async def _catalogue(self, version: CatalogueVersion) -> Catalogue:
        """A rule whose unit is gone cannot decide any more; ``gone`` in :meth:`faults` tells it."""
        rows = await self.rules(version.id)
        rules = [rule_of(row) for row in rows if not self.gone(row)]
        return Catalogue(version=version.version, rules=tuple(rules), valid_from=version.valid_from)

    def gone(self, row: CatalogueRule) -> list[str]:
        """Units of a rule that are no longer among the units."""
        return [code for code in rule_of(row).units if code not in self._rules.departments]

    async def faults(self) -> list[str]:
        """What is wrong with the catalogue of today, for ``hotline check``."""
        held = [each for each in await self.versions() if each.valid_from <= self.today]
        rows = await self.rules(held[0].id) if held else []
        return [
            f"规则 {row.code} 不起作用：单位 {'、'.join(gone)} 已不在 departments.yaml 中"
            for row in rows
            if (gone := self.gone(row))
        ]


async def _newest(session: AsyncSession) -> CatalogueVersion | None:
    latest = (CatalogueVersion.imported_at.desc(), CatalogueVersion.id.desc())
    found: CatalogueVersion | None = await session.scalar(
        select(CatalogueVersion).order_by(*latest).limit(1)
    )
    return found


def rule_of(row: CatalogueRule) -> Rule:
    """A stored rule as decisions are taken by it."""
    return Rule(
        id=row.code,
        unit=row.unit,
        note=row.note,
        categories=tuple(row.categories),
        words=tuple(row.words),
        without=tuple(row.without),
        types=tuple(RequestType(code) for code in row.types),
        areas=tuple(row.areas),
        joint=tuple(row.joint),
        keep=row.keep,
    )


def digest_of(rules: Sequence[Rule]) -> str:
    """The same rules in the same order have the same one."""
    return hashlib.sha256(canonical_json([asdict(rule) for rule in rules]).encode()).hexdigest()
