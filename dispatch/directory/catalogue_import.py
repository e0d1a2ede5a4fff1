"""Bringing a new version of the catalogue in: all of a file, or nothing and a report."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from config.catalogue import Catalogue
from config.sheets import UnreadableTable
from dispatch.directory.catalogue_book import CatalogueBook
from dispatch.directory.catalogue_sheet import CatalogueSheet, RowFault, SheetReading
from dispatch.directory.catalogue_views import differences
from dispatch.rules import Rules
from models.guards import Actor


class FaultView(BaseModel):
    """One bad cell: where, what is wrong, what would be right."""

    row: int
    column: str
    value: str
    problem: str
    advice: str
    text: str


class Change(BaseModel):
    """A rule that the new version adds, changes or drops."""

    kind: str
    code: str
    note: str


class ImportReport(BaseModel):
    """What became of a file. ``version`` empty: nothing was entered."""

    file_name: str
    valid_from: date
    rules: int
    faults: list[FaultView]
    doubts: list[FaultView]
    repairs: list[str]
    changes: list[Change]
    version: str = ""


class CatalogueImport:
    """Reads a file, compares it with what holds, and enters it."""

    def __init__(self, book: CatalogueBook, rules: Rules) -> None:
        self._book = book
        self._rules = rules
        self.sheet = CatalogueSheet(rules.departments, rules.taxonomy)

    async def check(self, name: str, content: bytes, valid_from: date) -> ImportReport:
        """What would become of it; nothing is entered."""
        return self._report(name, valid_from, self._read(name, content))

    async def enter(
        self, actor: Actor | None, name: str, content: bytes, *, valid_from: date, note: str = ""
    ) -> ImportReport:
        """Enter it, if nothing in it is wrong.

        :raises InvalidInput: for a day whose answers would change, or no change at all.
        """
        reading = self._read(name, content)
        report = self._report(name, valid_from, reading)
        if report.faults:
            return report
        version = await self._book.enter(
            actor, reading.rules, valid_from=valid_from, file=name, note=note
        )
        return report.model_copy(update={"version": version.version})

    def _read(self, name: str, content: bytes) -> SheetReading:
        try:
            return self.sheet.read(name, content)
        except UnreadableTable as error:
            advice = "另存为 .xlsx 或 UTF-8 编码的 .csv 后再试；第一行是各列的名称"
            fault = RowFault(row=0, column="", value="", problem=str(error), advice=advice)
            return SheetReading(faults=[fault])

    def _report(self, name: str, valid_from: date, reading: SheetReading) -> ImportReport:
        before = self._rules.catalogues.on(valid_from) or self._rules.catalogues.current
        after = Catalogue(version="", rules=tuple(reading.rules), valid_from=valid_from)
        changes = [] if reading.faults else differences(before, after)
        return ImportReport(
            file_name=name,
            valid_from=valid_from,
            rules=len(reading.rules),
            faults=[_view(fault) for fault in reading.faults],
            doubts=[_view(doubt) for doubt in reading.doubts],
            repairs=reading.repairs,
            changes=[Change(kind=kind, code=code, note=note) for kind, code, note in changes],
        )


def _view(fault: RowFault) -> FaultView:
    return FaultView(
        row=fault.row,
        column=fault.column,
        value=fault.value,
        problem=fault.problem,
        advice=fault.advice,
        text=fault.text,
    )
