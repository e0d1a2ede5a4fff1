"""Another system at our door: a key, and requests with it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from dispatch.platform.systems import PartnerRegister
from models.ids import new_id
from tests.console.browser import Answer
from tests.console.house import House

#: An order as the city's platform gives it.
GIVEN: dict[str, Any] = {
    "external_no": "衡12345〔2026〕000137",
    "deadline": "2026-11-06T18:00:00+08:00",
    "title": "解放路路灯不亮",
    "content": "市民反映解放路12号门前三盏路灯已经一周不亮，夜间出行不便。",
    "request_type": "COMPLAINT",
    "category": "C010102",
    "place": "解放路12号",
    "caller_name": "张建华",
    "caller_phone": "13800000001",
    "department": "D-CG",
}


@dataclass(frozen=True, kw_only=True)
class System:
    """Speaks with the house by a key."""

    house: House
    key: str

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": str(uuid.uuid4())}
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        origin = f"http://{self.house.server.host}:{self.house.server.port}"
        async with (
            ClientSession(origin) as session,
            session.request(method, f"/api/platform/{path}", data=data, headers=sent) as response,
        ):
            raw = await response.read()
            return Answer(status=response.status, headers=response.headers, raw=raw)

    async def give(self, external_id: str = "HY-137", **changes: Any) -> Answer:
        return await self.ask("PUT", f"orders/{external_id}", GIVEN | changes)


async def system(house: House, *, department: str = "", gives_orders: bool = True) -> System:
    """A system that has just been entered."""
    register = PartnerRegister(house.store, house.clock, house.services.rules)
    code = f"s{new_id()}"
    await register.add(code, "衡阳市12345平台", department=department, gives_orders=gives_orders)
    return System(house=house, key=await register.make_key(code))
