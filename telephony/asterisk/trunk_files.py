"""The trunks' part of Asterisk's configuration."""

from __future__ import annotations

from pathlib import Path

from config.settings import AsteriskSettings, Settings, TelephonySettings
from config.trunks import PLAIN, TrunkSettings
from models.errors import ConfigurationError

#: After a refused registration; a carrier that has just been repaired is tried soon.
_RETRY_SECONDS = 30


def trunk_sections(telephony: TelephonySettings) -> str:
    """Of ``pjsip.conf``: calls are taken from known addresses only, and never as a guest."""
    return "\n".join(_trunk(trunk, telephony) for trunk in telephony.all_trunks)


def transport_sections(settings: Settings) -> str:
    """Of ``pjsip_transports.conf``: TCP and TLS where a trunk wants them.

    :raises ConfigurationError: when a trunk wants TLS and there is no certificate.
    """
    wanted = {trunk.transport for trunk in settings.telephony.trunks}
    asterisk = settings.asterisk
    sections = [_transport("udp", asterisk, asterisk.sip_port)]
    if "tcp" in wanted:
        sections.append(_transport("tcp", asterisk, asterisk.sip_port))
    if "tls" in wanted:
        sections.append(_transport("tls", asterisk, asterisk.sip_tls_port) + _certificate(asterisk))
    return "\n".join(sections)


def _transport(name: str, asterisk: AsteriskSettings, port: int) -> str:
    lines = [f"[{name}]", "type = transport", f"protocol = {name}"]
    lines += [f"bind = {asterisk.sip_bind}:{port}"]
    if asterisk.external_address is not None:
        lines += [f"external_media_address = {asterisk.external_address}"]
        lines += [f"external_signaling_address = {asterisk.external_address}"]
        lines += [f"local_net = {network}" for network in asterisk.local_networks]
    return "\n".join(lines) + "\n"


def _certificate(asterisk: AsteriskSettings) -> str:
    lines = ["method = tlsv1_2"]
    for name, setting in (("cert_file", "tls_certificate"), ("priv_key_file", "tls_key")):
        path: Path | None = getattr(asterisk, setting)
        if path is None or not path.is_file():
            raise ConfigurationError(f"中继使用 TLS，但 asterisk.{setting} 没有填写或文件不存在")
        lines.append(f"{name} = {path.resolve()}")
    if asterisk.tls_ca is not None:
        lines += [f"ca_list_file = {asterisk.tls_ca.resolve()}", "verify_server = yes"]
    return "\n".join(lines) + "\n"


def _trunk(trunk: TrunkSettings, telephony: TelephonySettings) -> str:
    gateways = trunk.gateways or [""]
    lines: list[str] = []
    for endpoint, gateway in zip(trunk.endpoints, gateways, strict=True):
        lines += _endpoint(trunk, endpoint, gateway)
    if trunk.registers:
        lines += _registration(trunk)
    return "\n".join(lines + _identify(trunk, telephony)) + "\n"


def _endpoint(trunk: TrunkSettings, endpoint: str, gateway: str) -> list[str]:
    """One gateway: a line of its own, so that each can be rung, and asked whether it is there."""
    context = "from-trunk-header" if trunk.called_in_header else "from-trunk"
    lines = [f"[{endpoint}](carrier)", f"transport = {trunk.transport}", f"context = {context}"]
    lines += ["disallow = all", f"allow = {','.join(trunk.codecs)}"]
    lines += [f"dtmf_mode = {trunk.dtmf}"]
    if trunk.srtp:
        lines += ["media_encryption = sdes"]
    if trunk.registers:
        lines += [f"outbound_auth = {trunk.endpoints[0]}", f"from_user = {trunk.user}"]
        lines += [f"from_domain = {trunk.domain or _host(gateway)}"]
    if gateway:
        lines += [f"aors = {endpoint}", f"[{endpoint}]", "type = aor"]
        lines += [f"contact = {_uri(trunk, gateway)}", "qualify_timeout = 3"]
        lines += [f"qualify_frequency = {trunk.qualify_seconds}"]
    return lines


def _registration(trunk: TrunkSettings) -> list[str]:
    """At the first gateway; ``line`` lets calls that come to our registration be known by it."""
    name = trunk.endpoints[0]
    domain = trunk.domain or _host(trunk.gateways[0])
    password = trunk.password.get_secret_value().replace("\\", "\\\\").replace(";", "\\;")
    lines = [f"[{name}]", "type = auth", "auth_type = digest"]
    lines += [f"username = {trunk.auth_user or trunk.user}", f"password = {password}"]
    lines += [f"[{name}-registration]", "type = registration", f"transport = {trunk.transport}"]
    lines += [f"outbound_auth = {name}"]
    if trunk.domain:
        lines += [f"server_uri = sip:{domain}"]
        lines += [f"outbound_proxy = {_uri(trunk, trunk.gateways[0])}\\;lr"]
    else:
        lines += [f"server_uri = {_uri(trunk, trunk.gateways[0])}"]
    lines += [f"client_uri = sip:{trunk.user}@{domain}", f"contact_user = {trunk.user}"]
    lines += [f"expiration = {trunk.expires_seconds}", f"retry_interval = {_RETRY_SECONDS}"]
    lines += [f"forbidden_retry_interval = {_RETRY_SECONDS}", "max_retries = 1000000"]
    lines += [f"fatal_retry_interval = {_RETRY_SECONDS}", "auth_rejection_permanent = no"]
    return [*lines, "line = yes", f"endpoint = {name}"]


def _identify(trunk: TrunkSettings, telephony: TelephonySettings) -> list[str]:
    practice = ["127.0.0.1"] if trunk.name == PLAIN and telephony.practice_trunk else []
    matches = [f"match = {host}" for host in trunk.hosts + practice]
    name = trunk.endpoints[0]
    return [f"[{name}]", "type = identify", f"endpoint = {name}", *matches] if matches else []


def _uri(trunk: TrunkSettings, gateway: str) -> str:
    """Where a gateway is. The sign before the parameter begins a comment unless it is escaped."""
    suffix = "" if trunk.transport == "udp" else f"\\;transport={trunk.transport}"
    return f"sip:{gateway}{suffix}"


def _host(gateway: str) -> str:
    return gateway.partition(":")[0]
