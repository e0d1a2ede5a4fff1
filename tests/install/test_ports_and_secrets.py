"""Secrets are made once and kept; a port's holder is named."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from config.ports import port_holder, require_free_port
from config.secrets import load_or_create_secrets
from config.settings import Settings, load_settings
from models.errors import ConfigurationError

pytestmark = pytest.mark.unit


def _settings(var: Path, **overrides: Any) -> Settings:
    return load_settings(var=var, **overrides)


def test_secrets_stay_the_same_and_private(tmp_path: Path) -> None:
    first = load_or_create_secrets(_settings(tmp_path))
    again = load_or_create_secrets(_settings(tmp_path))
    assert again == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    assert len(set(first.seats.values()) | {first.ari_password}) == len(first.seats) + 1


def test_more_seats_get_passwords_and_the_others_keep_theirs(tmp_path: Path) -> None:
    few = load_or_create_secrets(_settings(tmp_path, telephony={"seats": 2}))
    more = load_or_create_secrets(_settings(tmp_path, telephony={"seats": 4}))
    assert list(more.seats) == ["1001", "1002", "1003", "1004"]
    assert more.seats["1001"] == few.seats["1001"]


def test_programs_that_start_together_make_one_set(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: load_or_create_secrets(_settings(tmp_path)), range(16)))
    assert all(secrets == made[0] for secrets in made)


def test_a_password_of_the_settings_comes_first(tmp_path: Path) -> None:
    settings = _settings(tmp_path, asterisk={"ari_password": "theirs"})
    assert load_or_create_secrets(settings).ari_password == "theirs"


def test_a_damaged_file_is_named_and_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"ari_password": "x"')
    with pytest.raises(ConfigurationError, match=r"secrets\.json"):
        load_or_create_secrets(_settings(tmp_path))
    assert (tmp_path / "secrets.json").read_text() == '{"ari_password": "x"'


def test_secrets_do_not_show_in_logs(tmp_path: Path) -> None:
    secrets = load_or_create_secrets(_settings(tmp_path))
    assert secrets.ari_password not in repr(secrets)
    assert secrets.seats["1001"] not in str(secrets)


def test_the_holder_of_a_udp_port_is_named() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        assert f"进程 {os.getpid()}" in port_holder("udp", port)
        with pytest.raises(ConfigurationError, match="HOTLINE_ASTERISK__SIP_PORT"):
            require_free_port("udp", "127.0.0.1", port, "asterisk.sip_port", "SIP")
    require_free_port("udp", "127.0.0.1", port, "asterisk.sip_port", "SIP")


def test_an_address_that_is_not_ours_is_told_from_a_taken_port() -> None:
    with pytest.raises(ConfigurationError, match="无法使用"):
        require_free_port("tcp", "192.0.2.1", 45678, "web.port", "控制台")
