"""Passwords and keys of one installation: random, made once, kept in ``var/secrets.json``.

Only the owner can read the file. An account that is added later (more seats) gets its password
on the next start; the others keep theirs.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.phones import desk_phone_names, practice_phone_numbers, seat_names
from config.settings import Settings
from models.errors import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What must not be known to others. Never logged: its ``repr`` shows nothing."""

    ari_password: str = field(repr=False)
    #: Key that signs and encrypts the console's sessions, 32 bytes as hex.
    web_session_key: str = field(repr=False)
    #: Key that the secrets of webhook addresses are derived from, 32 bytes as hex.
    webhook_key: str = field(repr=False)
    #: Password of the demo accounts, printed at start while ``demo`` is on.
    demo_password: str = field(repr=False)
    #: Seat name (``1001``) → SIP password.
    seats: Mapping[str, str] = field(repr=False)
    #: Desk phone name (``1901``) → SIP password.
    desk_phones: Mapping[str, str] = field(repr=False)
    #: Practice phone name (``citizen1``) → SIP password.
    practice_phones: Mapping[str, str] = field(repr=False)


def load_or_create_secrets(settings: Settings) -> Secrets:
    """Read the secrets, making those that are missing.

    :raises ConfigurationError: when the file cannot be read or is damaged.
    """
    path = settings.var / "secrets.json"
    settings.var.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        stored = _read(path)
        complete = _completed(stored, settings)
        if complete != stored:
            _write(path, complete)
    return Secrets(
        ari_password=settings.asterisk.ari_password.get_secret_value() or complete["ari_password"],
        web_session_key=complete["web_session_key"],
        webhook_key=complete["webhook_key"],
        demo_password=complete["demo_password"],
        seats={name: complete["seats"][name] for name in seat_names(settings.telephony)},
        desk_phones={
            name: complete["desk_phones"][name] for name in desk_phone_names(settings.telephony)
        },
        practice_phones={
            name: complete["practice_phones"][name]
            for name in practice_phone_numbers(settings.telephony)
        },
    )


def _completed(stored: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The stored secrets and, for whatever has none yet, a new one."""
    return {
        "ari_password": stored.get("ari_password") or secrets.token_urlsafe(24),
        "web_session_key": stored.get("web_session_key") or secrets.token_hex(32),
        "webhook_key": stored.get("webhook_key") or secrets.token_hex(32),
        "demo_password": stored.get("demo_password") or secrets.token_urlsafe(9),
        "seats": _passwords(stored.get("seats", {}), seat_names(settings.telephony)),
        "desk_phones": _passwords(
            stored.get("desk_phones", {}), desk_phone_names(settings.telephony)
        ),
        "practice_phones": _passwords(
            stored.get("practice_phones", {}), practice_phone_numbers(settings.telephony)
        ),
    }


def _passwords(known: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return dict(known) | {name: secrets.token_urlsafe(18) for name in names if name not in known}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"密钥文件 {path} 无法读取：{error}。请从备份恢复；如无备份，删除后重新启动会生成新的，"
            "所有人需要重新登录。"
        ) from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"密钥文件 {path} 的内容不是预期的格式。")
    return content


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new one, whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two programs that start at the same moment must not make two different passwords."""
    lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
