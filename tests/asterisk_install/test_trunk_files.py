"""What a trunk's settings make of Asterisk's files, and which settings are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings, load_settings
from models.errors import ConfigurationError
from telephony.asterisk.trunk_files import transport_sections, trunk_sections
from telephony.trunk_watch import troubles
from telephony.trunks import Trunks

pytestmark = pytest.mark.unit

IMS = {
    "name": "ims",
    "user": "+8673412345",
    "password": "p;w\\d",
    "gateways": ["sbc1.example:5060", "192.0.2.2"],
}


def settings(tmp_path: Path, *trunks: dict[str, Any], **asterisk: Any) -> Settings:
    return load_settings(var=tmp_path, telephony={"trunks": list(trunks)}, asterisk=asterisk)


def sections(text: str) -> list[list[str]]:
    """Each with its head as the first line."""
    return [part.strip().splitlines() for part in ("\n" + text).split("\n[")[1:]]


def test_a_trunk_with_registration_and_two_gateways(tmp_path: Path) -> None:
    found = sections(trunk_sections(settings(tmp_path, IMS).telephony))
    first, second = (next(one for one in found if one[0] == f"{name}](carrier)") for name in (
        "trunk-ims", "trunk-ims-2",
    ))  # fmt: skip
    assert {"context = from-trunk-header", "from_user = +8673412345", "allow = alaw,ulaw"} <= {
        *first
    }
    assert "outbound_auth = trunk-ims" in second
    contacts = [line for one in found for line in one if line.startswith("contact =")]
    assert contacts == ["contact = sip:sbc1.example:5060", "contact = sip:192.0.2.2"]
    registration = next(one for one in found if one[0] == "trunk-ims-registration]")
    assert "client_uri = sip:+8673412345@sbc1.example" in registration
    assert "server_uri = sip:sbc1.example:5060" in registration
    auth = next(one for one in found if "type = auth" in one)
    assert "password = p\\;w\\\\d" in auth


def test_an_ims_domain_is_reached_through_its_gateway(tmp_path: Path) -> None:
    ims = IMS | {"domain": "hn.ims.example", "auth_user": "0734@hn.ims.example"}
    found = trunk_sections(settings(tmp_path, ims | {"transport": "tcp"}).telephony)
    assert "server_uri = sip:hn.ims.example\n" in found
    assert "outbound_proxy = sip:sbc1.example:5060\\;transport=tcp\\;lr\n" in found
    assert "from_domain = hn.ims.example\n" in found
    assert "username = 0734@hn.ims.example\n" in found


def test_transports_are_opened_for_trunks_that_want_them(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    for file in (certificate, key):
        file.write_text("-")
    plain = transport_sections(settings(tmp_path))
    assert [one[0] for one in sections(plain)] == ["udp]"]
    behind_nat = settings(
        tmp_path,
        IMS | {"transport": "tls", "srtp": True},
        external_address="203.0.113.5",
        local_networks=["10.20.0.0/16"],
        tls_certificate=certificate,
        tls_key=key,
    )
    tls = next(one for one in sections(transport_sections(behind_nat)) if one[0] == "tls]")
    assert {
        "external_signaling_address = 203.0.113.5",
        "external_media_address = 203.0.113.5",
        "local_net = 10.20.0.0/16",
        f"cert_file = {certificate}",
    } <= {*tls}
    assert "media_encryption = sdes\n" in trunk_sections(behind_nat.telephony)


def test_tls_without_a_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"asterisk\.tls_certificate"):
        transport_sections(settings(tmp_path, IMS | {"transport": "tls"}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": ""}, "没有填写 password"),
        ({"gateways": []}, "没有填写 gateways"),
        ({"srtp": True}, "需要 transport: tls"),
        ({"hosts": ["10.0.0.1\nmatch = 0.0.0.0/0"]}, "不是地址、网段或主机名"),
        ({"password": "a\nb"}, "含有换行"),
        ({"user": "a;b"}, "user"),
        ({"gateways": ["a b"]}, "gateways"),
        ({"codecs": ["g729"]}, "codecs"),
        ({"name": "trunk"}, "不能重复，也不能是 trunk"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_trunk_is_named_at_the_start(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        settings(tmp_path, IMS | change)


def test_dead_gateways_come_last_and_a_failing_one_gives_way(tmp_path: Path) -> None:
    trunks = Trunks(settings(tmp_path, IMS, {"name": "city", "gateways": ["192.0.2.9"]}).telephony)
    first, second, city = (f"PJSIP/110@trunk-{name}" for name in ("ims", "ims-2", "city"))
    assert trunks.way("110") == first
    trunks.told("trunk-ims", "offline")
    assert trunks.way("110") == second
    assert trunks.other_way([second], 34) == city
    assert trunks.other_way([second, city], 34) == first
    assert trunks.other_way([first, second, city], 34) is None
    assert trunks.other_way([second], 17) is None, "the citizen is engaged, not the line"
    assert trunks.other_way(["PJSIP/citizen1"], 34) is None
    trunks.told("trunk-ims", "online")
    assert trunks.way("110") == first


def test_what_is_wrong_with_a_trunk_in_words(tmp_path: Path) -> None:
    trunk = settings(tmp_path, IMS).telephony.trunks[0]
    assert troubles(trunk, set(), {"trunk-ims": "Registered"}) == []
    assert troubles(trunk, set(), {}) == [], "what cannot be asked is not wrong"
    assert troubles(trunk, {"trunk-ims-2"}, {"trunk-ims": "Unregistered"}) == [
        "网关 192.0.2.2 没有应答",
        "向 sbc1.example:5060 注册未成功（对方没有应答）",
    ]
