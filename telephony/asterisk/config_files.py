"""Asterisk's configuration, made from our settings.

The text lies in ``templates/``; ``@{name}`` is filled in here. Everything is rendered first and
written after, so that a wrong setting leaves the old files whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import string
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from config.phones import practice_phone_numbers
from config.queues import load_queues
from config.secrets import Secrets
from config.self_service import load_self_service
from config.settings import Settings
from models.errors import ConfigurationError
from telephony.asterisk.installation import AsteriskInstallation
from telephony.asterisk.prompts import Prompts
from telephony.asterisk.trunk_files import transport_sections, trunk_sections

#: Files that Asterisk reads only when it starts; a change in any other takes a reload.
READ_AT_START = frozenset({
    "asterisk.conf", "modules.conf", "http.conf", "pjsip_transports.conf", "rtp.conf",
})  # fmt: skip

#: Signs that mean something in Asterisk's file names and dialplan arguments.
#: What Python's expressions, Asterisk's and the dialplan's own signs all read alike.
_PLAIN_EXPRESSION = re.compile(r"(?:[0-9?*+|().\[\]^-]|\{[0-9]+(?:,[0-9]*)?\})*")
_FORBIDDEN_IN_PATHS = re.compile(r"""[,;&|"'`$<>(){}\[\]\\\n]""")

#: Longest path of a unix socket that Linux takes, less the name of Asterisk's.
_LONGEST_CONTROL_DIR = 107 - len("/asterisk.ctl")


class _Template(string.Template):
    """``@{name}``: neither ``$`` nor ``%`` nor braces alone, which the dialplan uses itself."""

    delimiter = "@"


def render_configuration(
    settings: Settings, secrets: Secrets, prompts: Prompts, installation: AsteriskInstallation
) -> dict[str, str]:
    """File name → content of everything in Asterisk's ``etc`` folder.

    :raises ConfigurationError: when a setting cannot be put into Asterisk's configuration.
    """
    values = _values(settings, secrets, prompts, installation)
    templates = files("telephony.asterisk") / "templates"
    return {
        template.name: _Template(template.read_text(encoding="utf-8")).substitute(values)
        for template in sorted(templates.iterdir(), key=lambda item: item.name)
        if template.name.endswith(".conf")
    }


def write_configuration(settings: Settings, rendered: Mapping[str, str]) -> frozenset[str]:
    """Write what differs from the files that are there; return the names that changed."""
    etc = _prepare_folders(settings)
    changed = frozenset(
        name for name, content in rendered.items() if _current(etc / name) != content
    )
    for name in changed:
        _replace(etc / name, rendered[name])
    return changed


def configuration_file(settings: Settings) -> Path:
    """The main file, given to Asterisk on its command line."""
    return settings.asterisk_run_dir.resolve() / "etc" / "asterisk.conf"


def control_dir(settings: Settings) -> Path:
    """Folder of Asterisk's control socket.

    Its path is limited to about a hundred characters: a checkout that lies deeper gets a folder
    of its own under the machine's temporary one.
    """
    own = settings.asterisk_run_dir.resolve() / "run"
    if len(str(own).encode()) <= _LONGEST_CONTROL_DIR:
        return own
    name = hashlib.sha256(str(own).encode()).hexdigest()[:16]
    return Path("/tmp") / f"hotline-{os.getuid()}-{name}"


def journal_dir(settings: Settings) -> Path:
    """Folder in which the dialplan notes every caller who has gone."""
    return settings.asterisk_run_dir.resolve() / "callers"


def _values(
    settings: Settings, secrets: Secrets, prompts: Prompts, installation: AsteriskInstallation
) -> dict[str, str | int]:
    asterisk = settings.asterisk
    return {
        **_paths(settings, prompts, installation),
        "http_port": asterisk.http_port,
        "rtp_start": asterisk.rtp_start,
        "rtp_end": asterisk.rtp_end,
        "app": asterisk.app,
        "processes": len(_orders_of_trying(settings)),
        "share": _share(settings),
        "callable": _callable(settings),
        "ari_user": asterisk.ari_user,
        "ari_password": _escaped(secrets.ari_password),
        "practice_numbers": _practice_numbers(settings),
        "timezone": settings.timezone,
        "browser_phones": _browser_phones(settings, secrets),
        "desk_phones": _desk_phones(secrets),
        "trunk": trunk_sections(settings.telephony),
        "transports": transport_sections(settings),
    }


def _paths(
    settings: Settings, prompts: Prompts, installation: AsteriskInstallation
) -> dict[str, str]:
    paths = {
        "run_dir": settings.asterisk_run_dir.resolve(),
        "control_dir": control_dir(settings),
        "module_dir": installation.modules.resolve(),
        "data_dir": installation.data.resolve(),
        "recordings_dir": settings.recordings_dir.resolve(),
        "journal_dir": journal_dir(settings),
        "music_dir": prompts.music_dir.resolve(),
        "sound_restoring": prompts.path("restoring"),
        "sound_voicemail": prompts.path("voicemail"),
        "sound_goodbye": prompts.path("goodbye"),
        "sound_all_busy": prompts.path("all_busy"),
        "sound_all_busy_unknown": prompts.path("all_busy_unknown"),
        "sound_beep": prompts.path("beep"),
    }
    for path in paths.values():
        _check_path(path)
    return {name: str(path) for name, path in paths.items()}


def _check_path(path: Path) -> None:
    found = _FORBIDDEN_IN_PATHS.search(str(path))
    if found:
        raise ConfigurationError(
            f"路径 {path} 含有电话系统不能使用的字符 {found.group()!r}，请换一个目录名。"
        )


def _browser_phones(settings: Settings, secrets: Secrets) -> str:
    seats = [
        _browser_phone(name, password, "context = seats")
        for name, password in secrets.seats.items()
    ]
    numbers = practice_phone_numbers(settings.telephony)
    citizens = [
        _browser_phone(name, password, f"context = from-citizen\ncallerid = <{numbers[name]}>")
        for name, password in secrets.practice_phones.items()
    ]
    return "\n".join(seats + citizens)


def _practice_numbers(settings: Settings) -> str:
    """The hotline's own number, those of the lines merged into it, and self-service's."""
    numbers = [settings.telephony.hotline_number]
    numbers += [row.number for row in load_queues(settings.rules).access_numbers]
    numbers += load_self_service(settings.rules).access_numbers
    return "\n".join(
        f"exten => {number},1,Set(DIALLED=${{EXTEN}})\n same => n,Goto(incoming,caller,1)"
        for number in dict.fromkeys(numbers)
    )


def _callable(settings: Settings) -> str:
    """For the dialplan: 1 where ``NUMBER`` may be rung (see :func:`config.phones.may_be_rung`).

    A setting that uses more than Asterisk's expressions know counts as allowing none: then nobody
    is promised a call while we are away, and all are called back all the same.
    """
    allowed = settings.telephony.outbound_numbers.replace(r"\d", "[0-9]")
    if not _PLAIN_EXPRESSION.fullmatch(allowed) or "(?" in allowed:
        return "0"
    practice = [number for number in settings.telephony.practice_phones if number.isdecimal()]
    numbers = "|".join([allowed, *practice])
    return f'${{REGEX("^([+]86|0086)?({numbers})$" ${{NUMBER}})}}'


def _orders_of_trying(settings: Settings) -> list[list[str]]:
    """In which the processes' applications may be asked to take a new caller."""
    apps = settings.asterisk.apps or [settings.asterisk.app]
    first = range(len(apps)) if settings.asterisk.share_evenly else range(1)
    return [apps[number:] + apps[:number] for number in first]


def _share(settings: Settings) -> str:
    """An extension for each order of trying."""
    orders = enumerate(_orders_of_trying(settings), start=1)
    return "\n".join(_tried_in_order(number, apps) for number, apps in orders)


def _tried_in_order(number: int, apps: list[str]) -> str:
    tries = [
        f'Stasis({app},caller)\n same => n,GotoIf($["${{STASISSTATUS}}" = "SUCCESS"]?over)'
        for app in apps
    ]
    lines = [*tries, "Goto(incoming,nobody,1)"]
    return f"exten => {number},1," + "\n same => n,".join(lines) + "\n same => n(over),Hangup()"


def _desk_phones(secrets: Secrets) -> str:
    return "\n".join(
        f"[{name}](desk-phone)\ncontext = seats\n{_account(name, password)}"
        for name, password in secrets.desk_phones.items()
    )


def _browser_phone(name: str, password: str, lines: str) -> str:
    return f"[{name}](browser-phone)\n{lines}\n{_account(name, password)}"


def _account(name: str, password: str) -> str:
    return (
        f"aors = {name}\nauth = {name}\n"
        f"[{name}]\ntype = auth\nauth_type = digest\nusername = {name}\npassword = {password}\n"
        f"[{name}]\ntype = aor\nmax_contacts = 1\nremove_existing = yes\n"
    )


def _escaped(value: str) -> str:
    """A user's own password may hold the sign that starts a comment."""
    return value.replace("\\", "\\\\").replace(";", "\\;")


def _prepare_folders(settings: Settings) -> Path:
    run_dir = settings.asterisk_run_dir
    for folder in ("etc", "lib", "log", "lib/keys", "spool/recording", "spool/tmp"):
        (run_dir / folder).mkdir(parents=True, exist_ok=True)
    _make_private(control_dir(settings))
    (settings.recordings_dir / "voicemail").mkdir(parents=True, exist_ok=True)
    journal_dir(settings).mkdir(exist_ok=True)
    return run_dir / "etc"


def _make_private(folder: Path) -> None:
    """The socket in it commands Asterisk: refuse a folder that another user has laid there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise ConfigurationError(f"目录 {folder} 属于其他用户，请删除后重试。")


def _current(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _replace(path: Path, content: str) -> None:
    """Write in one step; the files hold passwords, so only the owner may read them."""
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)
