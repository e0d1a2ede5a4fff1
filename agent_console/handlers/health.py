"""Whether the server is alive."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy import text

from agent_console.routing import Ask, Routes

routes = Routes("运行")


class Health(BaseModel):
    """The server answers and reaches its database; the exchange may be away."""

    status: str
    version: str
    exchange_online: bool


@routes.route("GET", "/healthz", summary="服务是否正常", public=True)
async def get_health(ask: Ask) -> Health:
    """Fails with 500 when the database does not answer."""
    async with ask.console.store.read() as session:
        await session.execute(text("SELECT 1"))
    control = ask.console.services.call_control
    return Health(
        status="ok",
        version=ask.console.services.version,
        exchange_online=control.floor().exchange_online if control else False,
    )
