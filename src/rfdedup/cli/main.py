"""The ``rfdedup`` command. Commands are imported when called, so ``--help`` is fast."""

from __future__ import annotations

import importlib
import os
import sys

import click

from rfdedup import __version__
from rfdedup.errors import RfdedupError

_COMMANDS = {
    "plan": "Forecast time, memory and disk of a run.",
    "run": "Find junk and duplicates; never touches the input.",
    "demo": "Plant duplicates and junk in shipped photos, run the funnel, show the score.",
    "report": "Rewrite the report of a finished run.",
    "review": "Look at groups and change verdicts in the browser.",
    "explain": "Why an image was kept or dropped, or two are the same or not.",
    "verify": "Recompute every proof; exit 1 if one fails.",
    "calibrate": "A threshold from your own images.",
    "evaluate": "Precision and recall of a run against known groups.",
    "export": "Write kept or dropped lists for other tools.",
    "apply": "Move, copy or delete by the verdicts, with a journal.",
    "undo": "Take back what apply did.",
    "encoders": "What can embed here; add converts weights once.",
    "doctor": "What this machine offers and what is missing.",
}
"""Name to one-line help, in the order of a user's way. Each lives in ``rfdedup.cli.commands.<name>``."""

EXIT_INTERRUPTED = 130


class _LazyGroup(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"rfdedup.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="rfdedup")
def app() -> None:
    """Turn a raw pile of images into a clean data set, with one proof per dropped image."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a check failed, 2 wrong usage, 130 interrupted."""
    os.environ.setdefault("OPENVINO_TELEMETRY_OPTOUT", "1")
    try:
        code = app.main(args=argv, prog_name="rfdedup", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; the same command resumes where it stopped", err=True)
        code = EXIT_INTERRUPTED
    except RfdedupError as error:
        click.echo(f"error: {error}", err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)
