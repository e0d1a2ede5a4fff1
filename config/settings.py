"""Settings of one installation: defaults here, then ``var/hotline.yaml``, then ``HOTLINE_*``.

A nested setting is written ``HOTLINE_WEB__PORT=8080`` in the environment and ``web: {port: 8080}``
in the file. Every path that the system writes lies under :attr:`Settings.var` by default.
"""

from __future__ import annotations

import os
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from config.trunks import PLAIN, TrunkSettings
from models.errors import ConfigurationError

#: The checkout (or installed tree) this package lies in.
PROJECT_ROOT = Path(__file__).resolve().parent.parent


class WebSettings(BaseModel):
    """The console's address."""

    host: str = "127.0.0.1"
    port: int = Field(12345, ge=1, le=65535)
    #: Further origins that may open the SIP websocket and change data, e.g. a public https address.
    allowed_origins: list[str] = []
    #: Under which address citizens reach this house from the internet, for links in messages.
    #: Empty: they do not, and no such messages are sent.
    citizen_url: str = Field("", pattern=r"^(https?://[^\s/]+(/[^\s]*)?)?$")
    session_hours: int = 12


class AsteriskSettings(BaseModel):
    """Our own Asterisk, or one that the user already has (when ``ari_url`` is set)."""

    #: Empty: start our own Asterisk. Else e.g. ``http://pbx.example:8088/ari``.
    ari_url: str = ""
    ari_user: str = "hotline"
    #: Empty: a random one is made at init and kept in ``var/secrets.json``.
    ari_password: SecretStr = SecretStr("")
    #: The websocket for SIP of a user's own Asterisk, e.g. ``ws://pbx.example:8088/ws``.
    sip_ws_url: str = ""
    #: Ports of our own Asterisk.
    http_port: int = Field(18088, ge=1, le=65535)
    sip_port: int = Field(15060, ge=1, le=65535)
    sip_bind: str = "127.0.0.1"
    #: Port for SIP over TLS, when a trunk wants it; its certificate and key (PEM), and the
    #: certificates by which the carrier's is checked (empty: it is not).
    sip_tls_port: int = Field(15061, ge=1, le=65535)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    #: Behind NAT: the address under which the carrier reaches us, and the networks that reach us
    #: directly.
    external_address: IPv4Address | None = None
    local_networks: list[IPv4Network] = [
        IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    ]
    rtp_start: int = Field(20000, ge=1024, le=65000)
    rtp_end: int = Field(20999, ge=1024, le=65535)
    #: Folder holding Debian's Asterisk 22 (made by the installer).
    root: Path | None = None
    app: str = Field("hotline", pattern=r"^[A-Za-z0-9_-]+$")
    #: With several processes on this Asterisk: the ``app`` of each. New callers go to the first
    #: that lives, or with ``share_evenly`` to any of them. Empty: there is one.
    apps: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]] = Field([], max_length=16)
    share_evenly: bool = False


class TelephonySettings(BaseModel):
    """What happens on a call."""

    hotline_number: str = "12345"
    #: Number of browser seats that get a SIP account (extensions 1001, 1002 …).
    seats: int = Field(8, ge=1, le=500)
    #: Number of SIP desk phones at seats (extensions 1901, 1902 …), for agents without a headset
    #: at the browser. They register over UDP at ``asterisk.sip_port``.
    desk_phones: int = Field(2, ge=0, le=99)
    #: Practice phones of the browser page /phone: each is an endpoint with this caller number.
    practice_phones: list[str] = ["13800000001", "13800000002"]
    #: SIP peers that may send us calls (IP addresses or networks), besides the practice trunk.
    trunk_hosts: list[str] = []
    #: Where calls to citizens go out: host:port of the carrier's SIP gateway. Empty: none.
    trunk_outbound: str = ""
    #: Further trunks, with several gateways, registration, TCP or TLS (see :mod:`config.trunks`).
    trunks: list[TrunkSettings] = []
    #: Numbers that may be called through them (a regular expression for the whole number): mobile
    #: phones, fixed lines with and without area code.
    outbound_numbers: str = r"0?1[3-9]\d{9}|0[1-9]\d{8,10}|[2-8]\d{6,7}"
    #: Accept calls from this machine as if from a trunk (for SIPp and first tries).
    practice_trunk: bool = True
    ring_seconds: int = Field(15, ge=3, le=120)
    wrap_up_seconds: int = Field(60, ge=0, le=600)
    #: Several processes serve the same agents: each claims an agent in the database before ringing.
    shared_floor: bool = False
    #: Seconds without a sign of life after which another process takes over one's calls.
    adopt_after_seconds: float = Field(5.0, ge=1, le=60)
    #: Free megabytes for recordings below which the shift leader is called.
    recordings_free_mb: int = Field(2048, ge=1)
    #: Ask citizens for a grade by key when the agent has hung up (see survey.yaml).
    survey: bool = True
    #: How long an expert, 110 or another outside number is rung.
    party_ring_seconds: int = Field(30, ge=3, le=120)
    #: For practice: host:port of a SIP phone that answers for all experts and emergency numbers,
    #: or the number of a practice phone. Empty: they are rung through ``trunk_outbound``.
    practice_party: str = ""

    @field_validator("trunks")
    @classmethod
    def _names(cls, trunks: list[TrunkSettings]) -> list[TrunkSettings]:
        names = [trunk.name for trunk in trunks]
        if len(set(names)) != len(names) or PLAIN in names:
            raise ValueError(f"中继的 name 不能重复，也不能是 {PLAIN}")
        return trunks

    @property
    def all_trunks(self) -> list[TrunkSettings]:
        """The one of ``trunk_hosts`` and ``trunk_outbound`` first: it also takes practice calls."""
        gateways = [self.trunk_outbound] if self.trunk_outbound else []
        plain = TrunkSettings.model_construct(
            name=PLAIN, hosts=self.trunk_hosts, gateways=gateways, codecs=["ulaw", "alaw"],
            qualify_seconds=0,
        )  # fmt: skip
        return [plain, *self.trunks]


class SpeechSettings(BaseModel):
    """Speech recognition."""

    #: Name of an installed model, a path, ``practice``, or ``none``. Empty: the best one installed.
    model: str = ""
    #: Worker processes. 0: one per core, at most 4.
    workers: int = Field(0, ge=0, le=64)


class TextSettings(BaseModel):
    """Understanding of texts."""

    #: How many of the proposals (type, category, unit) must be right for the machine to speak up;
    #: where it is less sure than that takes, it abstains and says so. Read at training.
    sure: float = Field(0.9, ge=0.5, le=0.999)


class Settings(BaseSettings):
    """All settings. Build with :func:`load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix="HOTLINE_", env_nested_delimiter="__", extra="forbid"
    )

    var: Path = PROJECT_ROOT / "var"
    #: Empty: SQLite at ``var/hotline.db``. Else an SQLAlchemy async URL.
    database_url: str = ""
    #: Empty: the bus is inside the process. Else e.g. ``redis://127.0.0.1:6379/0``.
    redis_url: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"
    #: Make accounts to try the system with, and show their names at sign-in. Off in earnest use.
    demo: bool = True
    timezone: str = "Asia/Shanghai"
    area_code: str = "430408"
    area_name: str = "蒸湘区"
    #: Folder with rule files that replace the shipped ones by name.
    rules: Path | None = None
    web: WebSettings = WebSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    telephony: TelephonySettings = TelephonySettings()
    speech: SpeechSettings = SpeechSettings()
    text: TextSettings = TextSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over file over defaults."""
        var = Path(os.environ.get("HOTLINE_VAR", PROJECT_ROOT / "var"))
        file = YamlConfigSettingsSource(settings_cls, yaml_file=var / "hotline.yaml")
        return init_settings, env_settings, file

    @cached_property
    def effective_database_url(self) -> str:
        """The SQLAlchemy URL that is really used."""
        return self.database_url or f"sqlite+aiosqlite:///{self.var / 'hotline.db'}"

    @property
    def recordings_dir(self) -> Path:
        """Recordings by date and call."""
        return self.var / "recordings"

    @property
    def mixes_dir(self) -> Path:
        """Stereo files of calls that were played lately; may be emptied at any time."""
        return self.var / "mixes"

    @property
    def attachments_dir(self) -> Path:
        """Files that people keep with orders."""
        return self.var / "attachments"

    @property
    def messages_dir(self) -> Path:
        """SMS and e-mails as files, while there is no gateway that takes them."""
        return self.var / "messages"

    @property
    def asterisk_root(self) -> Path:
        """Folder that holds Debian's Asterisk 22."""
        return self.asterisk.root or self.var / "asterisk-root"

    @property
    def asterisk_run_dir(self) -> Path:
        """Generated configuration, sounds, spool and logs of our own Asterisk."""
        return self.var / "asterisk"

    @property
    def sounds_dir(self) -> Path:
        """Prompts made into sound, 8 kHz mono WAV."""
        return self.var / "sounds"


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    :raises ConfigurationError: naming each wrong setting, in the reader's words.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors()
        ]
        raise ConfigurationError("配置有误：" + "；".join(lines)) from error
