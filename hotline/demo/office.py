"""The desks behind the telephone: units, audit and follow-up, each under its own account."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from config.demo_staff import DemoPerson
from hotline.demo.client import Client
from hotline.demo.story import Reply, Story
from models.vocabulary import Role

#: Share of results that the auditor sends back once.
SENT_BACK = 0.15


class Office:
    """Signs people in when they are first needed, and works orders off."""

    def __init__(
        self, base_url: str, password: str, people: tuple[DemoPerson, ...], story: Story
    ) -> None:
        self._base_url = base_url
        self._password = password
        self._people = people
        self._story = story
        self._stack = AsyncExitStack()
        self._clients: dict[str, Client] = {}

    async def __aenter__(self) -> Office:
        """Nobody is signed in yet."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Everyone goes home."""
        await self._stack.aclose()

    async def handle(self, order_id: str, department: str, destination: str) -> str:
        """Bring a dispatched order as far as its destination; returns its state."""
        clerk = await self._clerk_of(department)
        if clerk is None or destination == "SIGN":
            return "DISPATCHED"
        reply = self._story.reply()
        order = await self._submit(clerk, order_id, reply)
        if destination == "AUDIT":
            return str(order["state"])
        order = await self._audit(clerk, order, reply)
        if order["state"] != "TO_FOLLOW_UP" or destination == "FOLLOW_UP":
            return str(order["state"])
        return await self._follow_up(order, reply)

    async def _submit(self, clerk: Client, order_id: str, reply: Reply) -> dict[str, Any]:
        order = await clerk.get(f"/api/orders/{order_id}")
        order = await _act(clerk, order, "sign_for")
        order = await _act(
            clerk,
            order,
            "first_contact",
            person="诉求人",
            reached=True,
            note="已电话联系，说明办理安排",
            evidence="演示：模拟用座机8812345于当日10时联系，未实际拨打",
        )
        return await self._result(clerk, order, reply)

    async def _result(self, clerk: Client, order: dict[str, Any], reply: Reply) -> dict[str, Any]:
        return await _act(
            clerk,
            order,
            "submit_result",
            **self._story.findings(),
            outcome=reply.outcome.value,
            unresolved_reason="" if reply.outcome.value == "SOLVED" else reply.internal_note,
            public_answer=reply.public_answer,
            internal_note=reply.internal_note,
            evidence="演示用办理记录，编号2026-0001，没有实际材料",
            head=_head(order),
        )

    async def _audit(self, clerk: Client, order: dict[str, Any], reply: Reply) -> dict[str, Any]:
        auditor = await self._holder_of(Role.AUDITOR)
        order = await auditor.get(f"/api/orders/{order['id']}")
        if self._story.happens(SENT_BACK):
            reason = self._story.send_back_reason
            await _act(auditor, order, "send_back", faults=["NOT_ANSWERED"], reason=reason)
            order = await self._result(clerk, await clerk.get(f"/api/orders/{order['id']}"), reply)
            order = await auditor.get(f"/api/orders/{order['id']}")
        rules = await auditor.get("/api/assessment-rules")
        return await _act(
            auditor,
            order,
            "approve_result",
            quality_items=self._story.marks(rules["quality_items"]),
            process_items=self._story.marks(rules["process_items"]),
        )

    async def _follow_up(self, order: dict[str, Any], reply: Reply) -> str:
        desk = await self._holder_of(Role.FOLLOW_UP)
        order = await desk.get(f"/api/orders/{order['id']}")
        order = await _act(
            desk,
            order,
            "record_follow_up",
            reached=True,
            contacted=True,
            solved=reply.solved.value,
            satisfaction=reply.satisfaction.value,
            service_satisfaction="SATISFIED",
            note="演示：模拟回访，未实际拨打电话",
            evidence="演示：模拟用座机8812399于当日10时回访，未实际拨打",
        )
        return str(order["state"])

    async def _clerk_of(self, department: str) -> Client | None:
        for person in self._people:
            if Role.UNIT_CLERK in person.roles and person.department == department:
                return await self._signed_in(person.username)
        return None

    async def _holder_of(self, role: Role) -> Client:
        person = next(person for person in self._people if role in person.roles)
        return await self._signed_in(person.username)

    async def _signed_in(self, username: str) -> Client:
        if username not in self._clients:
            client = Client(self._base_url, username, self._password)
            self._clients[username] = await self._stack.enter_async_context(client)
        return self._clients[username]


def _head(order: dict[str, Any]) -> str:
    """Whoever leads the unit; many units of the demonstration have nobody entered."""
    actions = [one for one in order["allowed_actions"] if one["action"] == "submit_result"]
    fields = [field for one in actions for field in one["fields"] if field["name"] == "head"]
    names = [str(option["value"]) for field in fields for option in field["options"]]
    return names[0] if names else "演示负责人"


async def _act(client: Client, order: dict[str, Any], action: str, **data: Any) -> dict[str, Any]:
    body = {"expected_version": order["version"], **data}
    result: dict[str, Any] = await client.post(f"/api/orders/{order['id']}/{action}", body)
    return result
