"""``rfdedup explain``: why an image was kept or dropped, or two were or were not held for the same."""

from __future__ import annotations

from pathlib import Path

import click

from rfdedup.cli.console import Output, output_options


@click.command("explain", short_help="Why an image was kept or dropped, or two are the same or not.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("paths", nargs=-1, required=True, metavar="PATH [PATH]", type=click.Path(path_type=str))
@output_options
def command(run: Path, paths: tuple[str, ...], quiet: bool, as_json: bool) -> None:
    """Tell in words and numbers why an image of RUN was kept or dropped: every tier, every bound.

    With two paths: why both are, or are not, held for the same. What the run compared is told from RUN; else both
    files are read and compared now. A path may be as in RUN, as it is here, or its end.
    """
    from rfdedup.outputs.review.explaining import explain

    output = Output.make(quiet=quiet, json=as_json)
    found = explain(run, paths)
    for line in found.lines:
        output.show(line)
    output.result({"run": str(run), **found.facts})
