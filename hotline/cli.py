"""``hotline``: the command line."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from models.errors import HotlineError

#: Command → its module. Read when it is called for: some are heavy to import, and none needs all.
_COMMANDS = {
    "serve": "serve",
    "exchange": "exchange",
    "init": "serve",
    "demo": "demo",
    "understand": "text",
    "train": "learning",
    "evaluate": "learning",
    "predict": "learning",
    "models": "models",
    "similar": "similar",
    "transcribe": "transcribe",
    "speech": "speech",
    "check": "check",
    "due": "due",
    "catalogue": "catalogue",
    "knowledge": "knowledge",
    "webhooks": "webhooks",
    "platform": "platform",
    "retention": "recordings",
    "recordings": "recordings",
}


class _Hotline(click.Group):
    """Finds commands by name, and shows our own errors as a sentence, not as a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(
            import_module(f"hotline.commands.{_COMMANDS[cmd_name]}"), cmd_name
        )
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except HotlineError as error:
            click.secho(f"{error.title}：{error}", fg="red", err=True)
            sys.exit(1)


@click.group(cls=_Hotline, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hotline12345", message="%(version)s")
def main() -> None:
    """12345 热线平台：从来电铃声到办结评分。"""
