"""The ways out to the public network: which gateways live, and which is tried next."""

from __future__ import annotations

from collections.abc import Collection

from config.settings import TelephonySettings

#: Why a line ended that tell of the gateway, not of whom one calls: unreachable, failing, full.
FAULTS = frozenset({18, 27, 34, 38, 41, 42, 102, 127})


class Trunks:
    """Gateways in the order of the settings."""

    def __init__(self, telephony: TelephonySettings) -> None:
        out = [trunk for trunk in telephony.all_trunks if trunk.gateways]
        self._endpoints = [name for trunk in out for name in trunk.endpoints]
        self._asked = {name for one in out if one.qualify_seconds for name in one.endpoints}
        #: Those that have not answered when they were asked whether they are there.
        self.dead: set[str] = set()

    def told(self, endpoint: str, state: str) -> None:
        """What Asterisk says of a gateway."""
        if endpoint in self._asked:
            (self.dead.add if state == "offline" else self.dead.discard)(endpoint)

    def way(self, number: str, tried: Collection[str] = ()) -> str | None:
        """What to ring: through a gateway that lives, in order; then one that may be dead.

        :param tried: ways that have been tried in vain.
        """
        order = sorted(self._endpoints, key=self.dead.__contains__)
        ways = (f"PJSIP/{number}@{endpoint}" for endpoint in order)
        return next((way for way in ways if way not in tried), None)

    def other_way(self, tried: Collection[str], cause: int) -> str | None:
        """After a failure: the next gateway, when it was the gateway's fault.

        :param tried: as :meth:`way` has given them; other ways have no other.
        """
        if cause not in FAULTS or not tried:
            return None
        number, _, endpoint = next(iter(tried)).removeprefix("PJSIP/").partition("@")
        return self.way(number, tried) if endpoint in self._endpoints else None
