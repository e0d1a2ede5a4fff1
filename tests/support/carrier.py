"""A telephone company: another real Asterisk, where our trunks register and calls go in and out.

Its account ``full`` is refused each call out (no line free), its account ``ims`` is answered.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from config.secrets import load_or_create_secrets
from telephony.asterisk.config_files import render_configuration, write_configuration
from telephony.asterisk.installation import AsteriskInstallation
from telephony.asterisk.process import AsteriskProcess
from telephony.asterisk.prompts import make_prompts
from tests.support.asterisk import RunningAsterisk, isolated_settings
from tests.support.ports import free_ports

PASSWORD = "a;b\\c d"
_TRANSPORTS = """\
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}
[tcp]
type = transport
protocol = tcp
bind = 127.0.0.1:{sip}
[tls]
type = transport
protocol = tls
bind = 127.0.0.1:{tls}
method = tlsv1_2
cert_file = {certificate}
priv_key_file = {key}
"""
_ACCOUNT = """\
[{name}]
type = endpoint
context = {name}
disallow = all
allow = alaw
aors = {name}
auth = {name}
{more}
[{name}]
type = auth
auth_type = digest
username = {auth_user}
password = a\\;b\\\\c d
[{name}]
type = aor
max_contacts = 5
"""
_DIALPLAN = """\
[full]
exten => _X.,1,Hangup(34)
[ims]
exten => _X.,1,Answer()
 same => n,MixMonitor({folder}/citizen-heard.wav,r({folder}/citizen-heard.wav))
 same => n(talk),Playback({speech})
 same => n,Goto(talk)
[caller]
exten => talk,1,Playback({speech})
 same => n,Goto(talk,1)
"""


@dataclass(frozen=True, kw_only=True)
class Carrier(RunningAsterisk):
    """The company's exchange."""

    tls_port: int
    certificate: Path
    key: Path

    @property
    def sip_port(self) -> int:
        """For UDP and TCP."""
        return self.settings.asterisk.sip_port

    async def calls(self, account: str, caller: str, dialled: str) -> str:
        """A citizen calls a number that leads to this account; the channel's id."""
        header = {"PJSIP_HEADER(add,P-Called-Party-ID)": f"<sip:{dialled}@ims.example>"}
        channel = await self.originate(
            header,
            endpoint=f"PJSIP/{account}",
            callerId=caller,
            context="caller",
            extension="talk",
            priority="1",
        )
        return str(channel["id"])


class _Exchange(AsteriskProcess):
    """With files of its own."""

    files: dict[str, str]

    def _write_configuration(self, installation: AsteriskInstallation) -> frozenset[str]:
        rendered = render_configuration(self.settings, self.secrets, self.prompts, installation)
        return write_configuration(self.settings, rendered | self.files)


@contextmanager
def running_carrier() -> Iterator[Carrier]:
    """Start it, and stop it at the end."""
    with TemporaryDirectory(prefix="hotline-", ignore_cleanup_errors=True) as var:
        folder = Path(var)
        settings = isolated_settings(folder)
        secrets = load_or_create_secrets(settings)
        prompts = asyncio.run(make_prompts(settings))
        certificate, key = make_certificate(folder)
        tls_port = free_ports(1)[0]
        process = _Exchange(settings=settings, secrets=secrets, prompts=prompts)
        srtp = "media_encryption = sdes"
        process.files = {
            "pjsip_transports.conf": _TRANSPORTS.format(
                sip=settings.asterisk.sip_port, tls=tls_port, certificate=certificate, key=key
            ),
            "pjsip.conf": "#include pjsip_transports.conf\n"
            + _ACCOUNT.format(name="full", auth_user="full", more="")
            + _ACCOUNT.format(name="ims", auth_user="ims@ims.example", more=srtp),
            "extensions.conf": _DIALPLAN.format(folder=folder, speech=prompts.path("greeting")),
        }
        asyncio.run(process.ensure_running())
        try:
            yield Carrier(
                settings=settings,
                secrets=secrets,
                prompts=prompts,
                process=process,
                tls_port=tls_port,
                certificate=certificate,
                key=key,
            )
        finally:
            asyncio.run(process.stop())


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """For this machine's own address, signed by itself."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    # fmt: off
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )
    # fmt: on
    return certificate, key
