"""Fixtures for all test packages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.asterisk import RunningAsterisk, running_asterisk
from tests.support.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def asterisk() -> Iterator[RunningAsterisk]:
    """A real Asterisk, shared by the tests of one worker. Leave no channel behind in it."""
    with running_asterisk() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL, shared by the tests of one worker. Make a database of your own in it."""
    with running_postgres() as running:
        yield running
