"""What goes into Asterisk's files: settings of every kind, nothing that breaks out of a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from config.queues import load_queues
from config.secrets import load_or_create_secrets
from config.self_service import load_self_service
from config.settings import load_settings
from models.errors import ConfigurationError
from telephony.asterisk.config_files import (
    control_dir,
    render_configuration,
    write_configuration,
)
from telephony.asterisk.installation import AsteriskInstallation
from telephony.asterisk.prompts import Prompts

pytestmark = pytest.mark.unit

_PROMPTS = ("restoring", "voicemail", "goodbye", "all_busy", "all_busy_unknown", "beep")


def _rendered(var: Path, **overrides: Any) -> dict[str, str]:
    settings = load_settings(var=var, **overrides)
    root = Path("/opt/asterisk")
    installation = AsteriskInstallation(
        root=root, version="22.10.1", loader=root / "ld.so", libraries=root / "lib"
    )
    prompts = Prompts(
        paths={name: var / name for name in _PROMPTS}, texts={}, music_dir=var / "moh"
    )
    secrets = load_or_create_secrets(settings)
    return render_configuration(settings, secrets, prompts, installation)


def _section(text: str, head: str) -> str:
    return text.partition(head)[2].partition("\n[")[0]


def test_calls_are_taken_from_the_carriers_addresses_only(tmp_path: Path) -> None:
    telephony = {"trunk_hosts": ["192.0.2.10", "198.51.100.0/24"], "practice_trunk": False}
    pjsip = _rendered(tmp_path, telephony=telephony)["pjsip.conf"]
    assert "match = 192.0.2.10\nmatch = 198.51.100.0/24\n" in pjsip
    assert "match = 127.0.0.1" not in pjsip


def test_without_carriers_nobody_is_identified_by_address(tmp_path: Path) -> None:
    pjsip = _rendered(tmp_path, telephony={"practice_trunk": False})["pjsip.conf"]
    assert "type = identify" not in pjsip


def test_a_practice_phone_has_its_number_and_may_call_the_hotline_only(tmp_path: Path) -> None:
    files = _rendered(tmp_path, telephony={"practice_phones": ["13900000009"]})
    phone = _section(files["pjsip.conf"], "[citizen1](browser-phone)")
    assert "callerid = <13900000009>" in phone
    assert "context = from-citizen" in phone
    dialplan = _section(files["extensions.conf"], "[from-citizen]")
    own = {row.number for row in load_queues().access_numbers}
    own |= set(load_self_service().access_numbers)
    assert {"12345", "12315", "12328"} <= own
    assert set(re.findall(r"^exten => ([^,]+),1,", dialplan, re.M)) == own


def test_a_password_with_the_sign_of_a_comment_is_kept_whole(tmp_path: Path) -> None:
    ari = _rendered(tmp_path, asterisk={"ari_password": r"a;b\c"})["ari.conf"]
    assert r"password = a\;b\\c" in ari


@pytest.mark.parametrize("name", ["a,b", "a&b", "a;b", "a$b", "a`b"])
def test_a_folder_name_that_asterisk_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="不能使用的字符"):
        _rendered(tmp_path / name)


def test_a_chinese_folder_name_with_a_blank_is_fine(tmp_path: Path) -> None:
    files = _rendered(tmp_path / "热线 系统")
    assert f"RECORDINGS = {tmp_path}/热线 系统/recordings" in files["extensions.conf"]


def test_a_call_back_is_promised_by_the_dialplan_to_numbers_that_may_be_rung(
    tmp_path: Path,
) -> None:
    telephony = {"outbound_numbers": r"0?1[3-9]\d{9}|0734\d{7}", "practice_phones": ["99"]}
    dialplan = _rendered(tmp_path, telephony=telephony)["extensions.conf"]
    known = 'Set(CALLABLE=${REGEX("^([+]86|0086)?(0?1[3-9][0-9]{9}|0734[0-9]{7}|99)$" ${NUMBER})})'
    assert known in dialplan
    # What Asterisk would read in another way: nobody is promised anything.
    for setting in (r"(?:13)\d{9}", r"13\w+", r'13"', r"13$"):
        other = _rendered(tmp_path, telephony={"outbound_numbers": setting})["extensions.conf"]
        assert "Set(CALLABLE=0)" in other


def test_only_what_changed_is_written_again(tmp_path: Path) -> None:
    settings = load_settings(var=tmp_path)
    assert "http.conf" in write_configuration(settings, _rendered(tmp_path))
    assert write_configuration(settings, _rendered(tmp_path)) == frozenset()
    other = _rendered(tmp_path, asterisk={"http_port": 18099})
    assert write_configuration(settings, other) == {"http.conf"}


def test_a_deep_checkout_gets_a_short_folder_for_its_control_socket(tmp_path: Path) -> None:
    deep = load_settings(var=tmp_path / "/".join(["deep" * 8] * 4))
    assert len(str(control_dir(deep) / "asterisk.ctl")) < 108
    other = load_settings(var=tmp_path / "/".join(["deep" * 9] * 4))
    assert control_dir(deep) != control_dir(other)
