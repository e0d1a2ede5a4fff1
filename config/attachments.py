"""Files that may be kept with orders: read from ``attachments.yaml``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.rules import read_yaml, rule_file
from models.errors import ConfigurationError

FILE = "attachments.yaml"
_OFFICE = (b"\xd0\xcf\x11\xe0",)
_ZIP = (b"PK\x03\x04",)
#: How files of a kind begin; those not named here may begin anyhow.
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "pdf": (b"%PDF-",),
    "doc": _OFFICE,
    "xls": _OFFICE,
    "docx": _ZIP,
    "xlsx": _ZIP,
    "wav": (b"RIFF",),
    "mp3": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
    "amr": (b"#!AMR",),
}
#: So much of a file must be seen to tell.
ENOUGH = 16


class AttachmentRules(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    most_mb: int = Field(ge=1, le=1024)
    most_files: int = Field(ge=1, le=1000)
    unused_hours: int = Field(ge=1)
    types: dict[str, str]

    @property
    def most_bytes(self) -> int:
        """Of one file."""
        return self.most_mb * 1024 * 1024

    @property
    def unused(self) -> timedelta:
        """How long what nobody hands in is kept."""
        return timedelta(hours=self.unused_hours)

    @property
    def endings(self) -> str:
        """What may be sent, in words."""
        return "、".join(self.types)

    def media_type(self, name: str) -> str | None:
        """Of a file by its name; None: such files are not taken."""
        return self.types.get(_ending(name))

    def begins_well(self, name: str, beginning: bytes) -> bool:
        """Whether the file is what its name says, as far as its beginning tells."""
        known = _BEGINNINGS.get(_ending(name))
        return known is None or beginning.startswith(known)


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def load_attachments(rules: Path | None = None) -> AttachmentRules:
    """Read the file. ``rules``: the city's own folder of rule files (``settings.rules``).

    :raises ConfigurationError: naming what is wrong.
    """
    path = rule_file(FILE, rules)
    try:
        return AttachmentRules.model_validate(read_yaml(path))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError(f"{path.name}：" + "；".join(lines)) from error
