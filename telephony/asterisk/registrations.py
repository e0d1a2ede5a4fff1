"""Whether our own Asterisk is registered at its carriers: ARI does not tell, its console does."""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import DEVNULL, PIPE

from config.settings import Settings
from models.errors import HotlineError
from telephony.asterisk.config_files import configuration_file
from telephony.asterisk.installation import find_installation

_SECONDS = 5.0
#: `` trunk-ims-registration/sip:10.0.0.1   trunk-ims   Registered   (exp. 55s)``
_LINE = re.compile(r"^\s*(\S+)-registration/\S+\s+\S+\s+(\S+)", re.MULTILINE)
REGISTERED = "Registered"


async def registrations(settings: Settings) -> dict[str, str]:
    """First endpoint of each trunk that registers → its state in Asterisk's words.

    Empty when it cannot be asked: it does not run, or is the user's own.
    """
    if settings.asterisk.ari_url and not configuration_file(settings).exists():
        return {}
    try:
        said = await _ask(settings)
    except (HotlineError, OSError, TimeoutError):
        return {}
    return dict(_LINE.findall(said))


async def _ask(settings: Settings) -> str:
    installation = find_installation(settings.asterisk_root)
    arguments = ("-C", str(configuration_file(settings)), "-rx", "pjsip show registrations")
    program = await asyncio.create_subprocess_exec(
        *installation.command(*arguments), stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(_SECONDS):
            said, _ = await program.communicate()
    except TimeoutError:
        program.kill()
        await program.wait()
        raise
    return said.decode(errors="replace")
