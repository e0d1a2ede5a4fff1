"""An error's details stand beside a problem's own members and never in their place."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from agent_console.problems import from_error
from models.errors import TelephonyUnavailable

pytestmark = pytest.mark.unit


def test_a_detail_of_the_same_name_does_not_hide_what_went_wrong() -> None:
    """Asterisk's own status is such a detail."""
    error = TelephonyUnavailable("通话已结束", status=404, code="x", operation="play")
    response = from_error(error)
    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert isinstance(response.body, bytes)
    body = json.loads(response.body)
    assert (body["status"], body["code"]) == (503, TelephonyUnavailable.code)
    assert (body["detail"], body["operation"]) == ("通话已结束", "play")
