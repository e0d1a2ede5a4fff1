"""``hotline``: the command line."""

from __future__ import annotations

import sys

import click

from hotline.commands.check import check
from hotline.commands.demo import demo
from hotline.commands.serve import init, serve
from hotline.commands.speech import speech, transcribe
from hotline.commands.text import evaluate, train, understand
from models.errors import HotlineError


class _Hotline(click.Group):
    """Shows our own errors as a sentence, not as a traceback."""

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


for _command in (serve, init, demo, train, evaluate, understand, transcribe, speech, check):
    main.add_command(_command)
