"""Everything of the directory, built once."""

from __future__ import annotations

from dispatch.directory.absences import Absences
from dispatch.directory.catalogue_book import CatalogueBook
from dispatch.directory.catalogue_import import CatalogueImport
from dispatch.directory.catalogue_views import CatalogueViews
from dispatch.directory.duty import DutyList
from dispatch.directory.leaving import Leaving
from dispatch.directory.posts import Posts
from dispatch.directory.units import Units
from dispatch.rules import Rules
from dispatch.service import OrderService
from models.clock import Clock
from models.store import Store


class Directory:
    """Its parts by name."""

    def __init__(self, store: Store, clock: Clock, rules: Rules, orders: OrderService) -> None:
        parts = (store, clock, rules)
        self.book = CatalogueBook(*parts)
        self.views = CatalogueViews(self.book, rules)
        self.door = CatalogueImport(self.book, rules)
        self.duty = DutyList(*parts)
        self.posts = Posts(*parts)
        self.absences = Absences(*parts)
        self.leaving = Leaving(*parts, orders)
        self.units = Units(*parts, self.duty, self.posts, self.absences)
