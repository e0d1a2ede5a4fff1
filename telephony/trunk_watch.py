"""Trunks: the shift leader is called when one cannot be reached, or refuses our registration."""

from __future__ import annotations

import asyncio

import structlog

from config.secrets import Secrets
from config.settings import Settings
from config.trunks import TrunkSettings
from models.ports import AlertPort
from models.vocabulary import AlertKind
from telephony.ari import ARIClient, ARIError
from telephony.asterisk.registrations import REGISTERED, registrations
from telephony.trunks import Trunks

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 10.0


def troubles(trunk: TrunkSettings, dead: set[str], registered: dict[str, str]) -> list[str]:
    """What is wrong with a trunk, in words. What Asterisk does not tell is not wrong.

    :param dead: endpoints of gateways that do not answer.
    """
    found = [
        f"网关 {gateway} 没有应答"
        for endpoint, gateway in zip(trunk.endpoints, trunk.gateways, strict=False)
        if endpoint in dead
    ]
    state = registered.get(trunk.endpoints[0], REGISTERED)
    if trunk.registers and state != REGISTERED:
        found.append(f"向 {trunk.gateways[0]} 注册未成功（{_WORDS.get(state, state)}）")
    return found


_WORDS = {"Rejected": "被拒绝，请核对账号和密码", "Unregistered": "对方没有应答"}


async def examine(settings: Settings, secrets: Secrets) -> list[str]:
    """What is wrong with the trunks at this moment; nothing while the exchange does not run."""
    trunks = Trunks(settings.telephony)
    url = settings.asterisk.ari_url or f"http://127.0.0.1:{settings.asterisk.http_port}/ari"
    ari = ARIClient(url, settings.asterisk.ari_user, secrets.ari_password, settings.asterisk.app)
    try:
        for endpoint in await ari.endpoints.list_by_tech("PJSIP"):
            trunks.told(endpoint.resource, endpoint.state)
    except ARIError:
        return []
    finally:
        await ari.close()
    registered = await registrations(settings)
    return [
        f"中继 {trunk.name}：{trouble}"
        for trunk in settings.telephony.all_trunks
        for trouble in troubles(trunk, trunks.dead, registered)
    ]


class TrunkWatch:
    """Looks at all trunks."""

    def __init__(self, settings: Settings, trunks: Trunks, alerts: AlertPort) -> None:
        self._settings = settings
        self._trunks = trunks
        self._alerts = alerts

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except Exception:  # an alarm that fails must not be the last one
                log.exception("trunk_watch.failed")

    async def look(self) -> None:
        """Raise or settle an alert for each trunk."""
        watched = [trunk for trunk in self._settings.telephony.all_trunks if trunk.gateways]
        registers = any(trunk.registers for trunk in watched)
        registered = await registrations(self._settings) if registers else {}
        for trunk in watched:
            await self._tell(trunk, troubles(trunk, self._trunks.dead, registered))

    async def _tell(self, trunk: TrunkSettings, found: list[str]) -> None:
        matter = f"trunk-{trunk.name}"
        if not found:
            await self._alerts.settle(matter)
            return
        text = f"中继 {trunk.name}：" + "；".join(found)
        if await self._alerts.raise_alert(AlertKind.TRUNK_DOWN, matter, text) is not None:
            log.error("trunk.trouble", trunk=trunk.name, trouble=found)
