"""Lines to the public network: where calls come from, where they go out, and how one signs in."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

#: What goes into Asterisk's files as it is: nothing that ends a line or begins a comment.
_HOST = r"^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$"
_GATEWAY = r"^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?$"
_WORD = r"^[A-Za-z0-9_.+@*#-]*$"

Transport = Literal["udp", "tcp", "tls"]
#: Name of the trunk that ``trunk_hosts`` and ``trunk_outbound`` describe.
PLAIN = "trunk"


class TrunkSettings(BaseModel):
    """One trunk: by address, or with a registration."""

    model_config = ConfigDict(extra="forbid")

    #: For logs, alerts and Asterisk.
    name: str = Field(pattern=r"^[a-z][a-z0-9]{0,15}$")
    transport: Transport = "udp"
    #: Addresses or networks from which its calls come. With a registration it may be empty: calls
    #: then come to where we are registered.
    hosts: list[str] = []
    #: Where calls go out, ``host`` or ``host:port``, in the order of trying.
    gateways: list[Annotated[str, Field(pattern=_GATEWAY)]] = []
    #: Account to register with; empty: the carrier knows us by our address.
    user: str = Field("", pattern=_WORD)
    password: SecretStr = SecretStr("")
    #: Where it differs from ``user`` (the private identity of an IMS).
    auth_user: str = Field("", pattern=_WORD)
    #: Realm in our own address; empty: the gateway's.
    domain: str = Field("", pattern=r"^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)?$")
    expires_seconds: int = Field(600, ge=60, le=86400)
    #: Where the number that was dialled stands: in the request line, or in P-Called-Party-ID or To.
    #: With a registration the request line holds our own account.
    called_number: Literal["", "request", "header"] = ""
    codecs: list[Literal["alaw", "ulaw"]] = Field(["alaw", "ulaw"], min_length=1)
    #: ``auto``: by RFC 4733, or as tones where the other side does not know that.
    dtmf: Literal["auto", "rfc4733", "info", "inband"] = "auto"
    #: Encrypt the sound (SDES); wants ``tls``, which hides the keys.
    srtp: bool = False
    #: A gateway is asked so often whether it is there; 0: never.
    qualify_seconds: int = Field(15, ge=0, le=3600)

    @field_validator("hosts")
    @classmethod
    def _addresses(cls, hosts: list[str]) -> list[str]:
        for host in hosts:
            try:
                ipaddress.ip_network(host, strict=False)
            except ValueError:
                if not re.match(_HOST, host):
                    raise ValueError(f"“{host}”不是地址、网段或主机名") from None
        return hosts

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.user and not self.gateways:
            raise ValueError(f"中继 {self.name} 要注册，但没有填写 gateways")
        if self.user and not self.password.get_secret_value():
            raise ValueError(f"中继 {self.name} 要注册，但没有填写 password")
        if re.search(r"[\r\n\x00]", self.password.get_secret_value()):
            raise ValueError(f"中继 {self.name} 的 password 含有换行")
        if self.srtp and self.transport != "tls":
            raise ValueError(f"中继 {self.name} 的 srtp 需要 transport: tls，否则密钥以明文传送")
        return self

    @property
    def registers(self) -> bool:
        """Whether we sign in at the carrier's."""
        return bool(self.user)

    @property
    def endpoints(self) -> list[str]:
        """Its names in Asterisk, one for each gateway; the first also takes calls."""
        base = PLAIN if self.name == PLAIN else f"{PLAIN}-{self.name}"
        return [base, *(f"{base}-{number}" for number in range(2, len(self.gateways) + 1))]

    @property
    def called_in_header(self) -> bool:
        """Whether the dialled number is not in the request line."""
        return self.called_number == "header" or (not self.called_number and self.registers)
