"""What takes its time, done on import: once for all processes that ``dying`` forks."""

from __future__ import annotations

from sqlalchemy.orm import configure_mappers

from tests.dispatch.conftest import desk_rules

configure_mappers()
RULES = desk_rules()
