"""The command line (`contract.md`). Each command imports late what it needs: `parse` starts at once (ruling 12)."""

from __future__ import annotations

import click

from bot.cli.checks import doctor
from bot.cli.connect import connect
from bot.cli.data import import_file
from bot.cli.filters import faq, parse_lines, stage
from bot.cli.people import apikey, person, shop
from bot.cli.serving import demo, sandbox, serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """拦截助手：在聊天里把路上的包裹拦回来。 Has a carrier turn a parcel round, from the team's chat."""


for _command in (serve, sandbox, demo, import_file, apikey, shop, person, connect, doctor, parse_lines, faq, stage):
    main.add_command(_command)
