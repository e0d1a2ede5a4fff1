"""All rule sets a command is judged by, gathered once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from config.areas import Areas
from config.attachments import AttachmentRules, load_attachments
from config.calendar import WorkingCalendar, load_calendar
from config.catalogue import load_catalogue
from config.catalogue_shelf import CatalogueShelf
from config.departments import Departments, load_departments
from config.events import EventRules, load_events
from config.evidence import EvidenceRules, load_evidence
from config.figures import FigureRules, load_figures
from config.floor import FloorRules, load_floor
from config.handling import HandlingRules, load_handling
from config.knowledge_base import KnowledgeRules, load_knowledge_rules
from config.level_shelf import LevelShelf
from config.lexicon import load_lexicon
from config.notices import NoticeRules, load_notices
from config.oversight import OversightRules, load_oversight
from config.permissions import Permissions, load_permissions
from config.queues import QueueRules, load_queues
from config.reasons import Reasons, load_reasons
from config.retention import RetentionRules, load_retention
from config.scoring import ScoringRules, load_scoring
from config.service_levels import ServiceLevels, load_service_levels
from config.settings import Settings
from config.shifts import ShiftRules, load_shifts
from config.surge import SurgeRules, load_surge
from config.taxonomy import Taxonomy, load_taxonomy
from config.waiting import CallerRules, load_waiting
from dispatch.clocks import Counter
from dispatch.promiser import Promiser


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rule sets of one installation, as loaded at its start."""

    area_code: str
    zone: ZoneInfo
    departments: Departments
    taxonomy: Taxonomy
    #: Versions of the dispatch catalogue; imports add to them while the program runs.
    catalogues: CatalogueShelf
    areas: Areas
    calendar: WorkingCalendar
    service_levels: ServiceLevels
    scoring: ScoringRules
    permissions: Permissions
    figures: FigureRules
    floor: FloorRules
    shifts: ShiftRules
    queues: QueueRules
    callers: CallerRules
    surge: SurgeRules
    retention: RetentionRules
    events: EventRules
    notices: NoticeRules
    handling: HandlingRules
    reasons: Reasons
    oversight: OversightRules
    attachments: AttachmentRules
    evidence: EvidenceRules
    knowledge: KnowledgeRules
    counter: Counter = field(init=False)
    #: Of the file's version. What concerns an order asks ``promiser_of``.
    promiser: Promiser = field(init=False)
    levels: LevelShelf = field(init=False)

    def __post_init__(self) -> None:
        counter = Counter(self.calendar, self.zone)
        levels = self.service_levels
        object.__setattr__(self, "counter", counter)
        object.__setattr__(self, "promiser", Promiser(counter, levels.lights, levels.version))
        object.__setattr__(self, "levels", LevelShelf(levels))

    def levels_of(self, version: str, moment: datetime) -> ServiceLevels:
        """The service levels of that version; without one, those valid at the moment."""
        return self.levels.of(version, self.counter.day(moment))

    def promiser_of(self, levels: ServiceLevels) -> Promiser:
        """Makes promises by these service levels."""
        return Promiser(self.counter, levels.lights, levels.version)

    def unit_name(self, code: str) -> str:
        """Short name of a unit; the code itself for one that is gone."""
        return self.departments.get(code).short_name if code in self.departments else code

    def category_name(self, code: str) -> str:
        """A category with those above it, as 城乡建设/市政设施/路灯照明."""
        return "/".join(self.taxonomy.get(code).path) if code in self.taxonomy else code

    def subtree(self, department: str) -> frozenset[str]:
        """The unit and all units below it."""
        found, fresh = {department}, [department]
        while fresh:
            fresh = [c.code for code in fresh for c in self.departments.children(code)]
            found.update(fresh)
        return frozenset(found)


def load_rules(settings: Settings) -> Rules:
    """Read all rule files, the city's own before the shipped ones.

    :raises ConfigurationError: naming file and row that are wrong.
    """
    folder, zone = settings.rules, ZoneInfo(settings.timezone)
    departments, taxonomy = load_departments(folder), load_taxonomy(folder)
    first = load_catalogue(taxonomy, departments, folder)
    return Rules(
        area_code=settings.area_code,
        zone=zone,
        departments=departments,
        taxonomy=taxonomy,
        catalogues=CatalogueShelf(first, lambda: datetime.now(zone).date()),
        areas=Areas(load_lexicon(folder)),
        calendar=load_calendar(folder),
        service_levels=load_service_levels(folder),
        scoring=load_scoring(folder),
        permissions=load_permissions(folder),
        figures=load_figures(folder),
        floor=load_floor(folder),
        shifts=load_shifts(folder),
        queues=load_queues(folder),
        callers=load_waiting(folder),
        surge=load_surge(folder),
        retention=load_retention(folder),
        events=load_events(folder),
        notices=load_notices(folder),
        handling=load_handling(folder).reached_at(settings.web.citizen_url),
        reasons=load_reasons(folder),
        oversight=load_oversight(folder),
        attachments=load_attachments(folder),
        evidence=load_evidence(folder),
        knowledge=load_knowledge_rules(folder),
    )
