"""Every address against every post: who is let in. The table below is the promise."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode, openapi
from schemathesis.core.result import Ok

from agent_console.handlers import ALL_ROUTES
from agent_console.routing import Route
from dispatch.commands import COMMANDS
from tests.console.browser import Browser
from tests.console.house import PEOPLE, House
from tests.console.orders import open_order
from tests.console.test_calls import past_call

pytestmark = pytest.mark.store

SEATS = {"agent", "agent2", "leader", "follow_up"}
TRANSCRIPTS = SEATS | {"dispatcher", "auditor"}
TAKERS = {"agent", "agent2", "leader"}
EVERYBODY = {person.username for person in PEOPLE}
OFFICE = EVERYBODY - {"agent", "agent2", "admin"}
DUTY = {"leader", "manager", "clerk", "other_clerk"}
KNOWERS = EVERYBODY - {"admin"}
WRITERS = {"leader", "manager", "clerk", "other_clerk"}
CATALOGUE = EVERYBODY - {"follow_up", "admin"}

#: Who gets past the door. What is done inside depends on the call or order, see the other tests.
LET_IN: dict[str, set[str]] = {
    "GET /api/session": EVERYBODY,
    "POST /api/session/password": EVERYBODY,
    "GET /api/departments": EVERYBODY,
    "GET /api/taxonomy": EVERYBODY,
    "GET /api/reasons": EVERYBODY,
    "GET /api/live": EVERYBODY,
    "POST /api/agent/sign-in": SEATS,
    "POST /api/agent/sign-out": SEATS,
    "GET /api/agent": SEATS,
    "POST /api/agent/state": SEATS,
    "POST /api/agent/wrap-up-done": SEATS,
    "POST /api/agent/extend-wrap-up": SEATS,
    "GET /api/queues": EVERYBODY,
    "GET /api/staff": {"leader", "manager", "admin"},
    "PUT /api/staff/{staff_id}/skills": {"leader", "admin"},
    "GET /api/floor": SEATS | {"manager"},
    "GET /api/calls": TRANSCRIPTS | {"manager"},
    "GET /api/calls/{call_id}": TRANSCRIPTS,
    "PUT /api/calls/{call_id}/utterances/{utterance_id}/corrections/{index}": TRANSCRIPTS,
    "GET /api/calls/{call_id}/recording/{leg}.wav": TRANSCRIPTS,
    "POST /api/calls": SEATS,
    "POST /api/calls/{call_id}/hang-up": SEATS,
    "POST /api/calls/{call_id}/hold": SEATS,
    "POST /api/calls/{call_id}/resume": SEATS,
    "GET /api/phone-book": SEATS,
    "POST /api/calls/{call_id}/consult": SEATS,
    "POST /api/calls/{call_id}/consult/end": SEATS,
    "POST /api/calls/{call_id}/consult/swap": SEATS,
    "POST /api/calls/{call_id}/conference": SEATS,
    "POST /api/calls/{call_id}/conference/leave": SEATS,
    "POST /api/calls/{call_id}/parties/{party_id}/drop": SEATS,
    "POST /api/calls/{call_id}/transfer": SEATS,
    "POST /api/calls/{call_id}/keys": SEATS,
    "GET /api/calls/{call_id}/events": TRANSCRIPTS,
    "GET /api/calls/{call_id}/draft": TAKERS,
    "PUT /api/calls/{call_id}/draft": TAKERS,
    "GET /api/orders": EVERYBODY - {"admin"},
    "POST /api/orders": TAKERS,
    "GET /api/orders/{order_id}": EVERYBODY,
    "GET /api/orders/{order_id}/attachments": EVERYBODY,
    "POST /api/orders/{order_id}/attachments": EVERYBODY,
    "GET /api/attachments/{attachment_id}": EVERYBODY,
    "GET /api/orders/{order_id}/similar": EVERYBODY - {"admin"},
    "POST /api/similar": TAKERS,
    "GET /api/events": {"leader", "dispatcher", "manager"},
    "GET /api/events/{event_id}": {"leader", "dispatcher", "manager"},
    "POST /api/events/{event_id}/merge": {"leader", "dispatcher"},
    "GET /api/refusals": TAKERS,
    "GET /api/requests": OFFICE,
    "GET /api/oversights": OFFICE,
    "GET /api/exclusions": OFFICE,
    "GET /api/badges": EVERYBODY,
    "GET /api/assessment-rules": EVERYBODY,
    "GET /api/reports/period": {"leader", "manager"},
    "GET /api/supervision": {"leader"},
    "POST /api/calls/{call_id}/supervise": {"leader"},
    "POST /api/calls/{call_id}/supervise/switch": {"leader"},
    "POST /api/calls/{call_id}/supervise/stop": {"leader"},
    "POST /api/agents/{agent_id}/force-state": {"leader"},
    "GET /api/alerts": {"leader"},
    "POST /api/alerts/{alert_id}/acknowledge": {"leader"},
    "GET /api/callbacks": SEATS,
    "POST /api/callbacks/next": SEATS,
    **{
        f"POST /api/callbacks/{{callback_id}}/{step}": SEATS
        for step in ("take", "call", "release", "finish", "cancel")
    },
    "POST /api/callbacks/{callback_id}/number": TAKERS,
    "GET /api/calls/{call_id}/recordings": TRANSCRIPTS,
    "GET /api/calls/{call_id}/mix.wav": TRANSCRIPTS,
    "GET /api/recordings/{recording_id}.wav": TRANSCRIPTS,
    "GET /api/calls/{call_id}/legal-holds": TRANSCRIPTS | {"manager"},
    "POST /api/calls/{call_id}/legal-holds": {"leader", "manager"},
    "POST /api/legal-holds/{hold_id}/release": {"leader", "manager"},
    "GET /api/access-log": {"manager", "admin"},
    "GET /api/nuisance": {"agent", "agent2", "leader", "manager"},
    "POST /api/nuisance": TAKERS,
    "POST /api/nuisance/{block_id}/approve": {"leader", "manager"},
    "POST /api/nuisance/{block_id}/reject": {"leader", "manager"},
    "POST /api/nuisance/{block_id}/end": {"leader", "manager"},
    "GET /api/surge": SEATS | {"manager"},
    "POST /api/surge": {"leader"},
    "PUT /api/surge": {"leader"},
    "POST /api/surge/end": {"leader"},
    "POST /api/surge/order": TAKERS,
    "GET /api/callers/{number}": SEATS,
    "PUT /api/callers/{number}": SEATS,
    "GET /api/floor-figures": {"leader", "manager"},
    "GET /api/floor-figures/now": {"leader", "manager"},
    "GET /api/floor-figures/seat-time": {"leader", "manager"},
    "GET /api/staffing": {"leader", "manager"},
    "GET /api/shifts": EVERYBODY,
    "GET /api/schedule": {"leader", "manager"},
    "PUT /api/schedule": {"leader"},
    "POST /api/schedule/check": {"leader"},
    "GET /api/schedule/proposal": {"leader"},
    "GET /api/schedule/adherence": {"leader", "manager"},
    "POST /api/session/post": EVERYBODY,
    "GET /api/directory/units": EVERYBODY,
    "GET /api/directory/units/{code}": EVERYBODY,
    "GET /api/directory/people": EVERYBODY,
    "POST /api/directory/units/{code}/duty": DUTY,
    "POST /api/directory/duty/{duty_id}/cancel": DUTY,
    "POST /api/directory/absences": EVERYBODY,
    "POST /api/directory/absences/{absence_id}/end": EVERYBODY,
    "POST /api/directory/people/{staff_id}/posts": {"admin"},
    "POST /api/directory/posts/{post_id}/end": {"admin"},
    "GET /api/directory/people/{staff_id}/work": {"admin"},
    "POST /api/directory/people/{staff_id}/leave": {"admin"},
    "GET /api/knowledge": KNOWERS,
    "GET /api/knowledge/quick": KNOWERS,
    "GET /api/calls/{call_id}/knowledge": KNOWERS,
    "GET /api/knowledge/reports": KNOWERS,
    "GET /api/knowledge/{number}": KNOWERS,
    "GET /api/knowledge/{number}/history": KNOWERS,
    "POST /api/knowledge": WRITERS,
    "PUT /api/knowledge/{number}/draft": WRITERS,
    "POST /api/knowledge/{number}/submit": WRITERS,
    "POST /api/knowledge/{number}/discard": WRITERS,
    "POST /api/knowledge/{number}/publish": {"manager"},
    "POST /api/knowledge/{number}/send-back": {"manager"},
    "POST /api/knowledge/{number}/withdraw": {"leader", "manager"},
    "POST /api/knowledge/{number}/helped": KNOWERS,
    "POST /api/knowledge/{number}/reports": KNOWERS,
    "POST /api/knowledge/reports/{report_id}/answer": WRITERS,
    "GET /api/catalogue/versions": CATALOGUE,
    "GET /api/catalogue": CATALOGUE,
    "GET /api/catalogue/owner": CATALOGUE,
    "GET /api/catalogue/file": CATALOGUE,
    "GET /api/orders/{order_id}/owner": CATALOGUE,
    "POST /api/catalogue/import": {"dispatcher", "manager"},
    "GET /api/notices": EVERYBODY,
    "POST /api/notices/read": EVERYBODY,
    "GET /api/comparisons": {"leader", "manager"},
    "GET /api/text-model": {"leader", "manager"},
    "GET /api/text-model/{version}/report": {"leader", "manager"},
    # The state machine decides by state, post and unit.
    **{f"POST /api/orders/{{order_id}}/{action.value}": EVERYBODY for action in COMMANDS},
}
PUBLIC = {
    "GET /healthz",
    "POST /api/session",
    "DELETE /api/session",
    "GET /api/vocabulary",
    "GET /api/status",
    "GET /api/practice/phones",
    "POST /api/practice/phones/{number}",
    # The code in the address opens them.
    "GET /api/citizen/follow-up/{code}",
    "POST /api/citizen/follow-up/{code}",
}


#: A stream has no end; the session would be closed; hashing passwords takes long.
ENDLESS_OR_SLOW = ("/api/live", "/api/session", "/api/session/password")


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


async def knock(browser: Browser, route: Route) -> int:
    """Ask for the address with nothing but what the door looks at."""
    path = route.path.replace(".wav", "")
    for name in route.path_names:
        path = path.replace(f"{{{name}}}", "nothing-of-that-name")
    if route.path.endswith(".wav"):
        path += ".wav"
    if route.produces == "text/event-stream":
        async with browser.session() as session, session.get(path) as response:
            return response.status
    return (await browser.request(route.method, path, body={}, key="some-key-1")).status


def test_every_address_is_in_the_table() -> None:
    described = {name_of(route) for route in ALL_ROUTES}
    assert described == set(LET_IN) | PUBLIC
    assert {name_of(route) for route in ALL_ROUTES if route.public} == PUBLIC


async def test_each_post_gets_exactly_where_the_table_says(house: House) -> None:
    wrong = []
    for person in PEOPLE:
        browser = await house.signed_in(person.username)
        for route in ALL_ROUTES:
            if route.public:
                continue
            status = await knock(browser, route)
            let_in = status not in (401, 403)
            if let_in != (person.username in LET_IN[name_of(route)]) or status >= 500:
                wrong.append((person.username, name_of(route), status))
    assert not wrong


async def test_without_signing_in_only_public_addresses_answer(house: House) -> None:
    browser = house.browser()
    for route in ALL_ROUTES:
        status = await knock(browser, route)
        assert (status == 401) == (not route.public), name_of(route)


async def test_no_change_is_taken_from_a_page_without_our_header(house: House) -> None:
    browser = await house.signed_in("leader")
    for route in ALL_ROUTES:
        if route.method == "GET":
            continue
        answer = await browser.request(
            route.method, route.path, body={}, headers={"X-Requested-With": ""}
        )
        assert answer.status == 403, name_of(route)


@pytest.mark.parametrize("mode", list(GenerationMode))
async def test_whatever_is_sent_the_server_does_not_break_and_says_what_is_wrong(
    house: House, mode: GenerationMode
) -> None:
    """Generated requests by the API's own description, right and wrong ones, on a real order."""
    browser = await house.signed_in("leader")
    order, call = await open_order(browser), await past_call(house, agent="leader")
    document = (await browser.get("/api/openapi.json")).body
    for path in ENDLESS_OR_SLOW:
        del document["paths"][path]
    document["paths"] = {
        path: item
        for path, item in document["paths"].items()
        if not path.startswith("/api/platform/")  # a session opens none: see test_platform.py
    }
    known = {"order_id": order["id"], "call_id": call.id}
    await asyncio.to_thread(_try_all, document, browser, mode, known)


def _try_all(
    document: dict[str, Any], browser: Browser, mode: GenerationMode, known: dict[str, str]
) -> None:
    schema = openapi.from_dict(document)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        given_names = {name: known[name] for name in known if f"{{{name}}}" in operation.path}
        cases = operation.as_strategy(
            generation_mode=mode,
            path_parameters=given_names or None,
            headers={"X-Requested-With": "hotline", "Idempotency-Key": str(uuid.uuid4())},
        )
        try:
            _try(cases, browser)
        except Unsatisfiable:  # nothing of the address can be wrong
            assert mode is GenerationMode.NEGATIVE


def _try(cases: SearchStrategy[Any], browser: Browser) -> None:
    @given(case=cases)
    @effort(
        max_examples=5,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: Any) -> None:
        response = case.call(base_url=browser.origin, cookies=browser.cookies)
        assert response.status_code < 500, (case.method, case.path, case.body, response.content)
        if response.status_code >= 400:
            assert response.headers["content-type"] == ["application/problem+json"]

    attempt()
