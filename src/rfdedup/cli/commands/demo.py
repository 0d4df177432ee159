"""``rfdedup demo``: the funnel on the shipped photos, with planted copies and junk, and its score."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click

from rfdedup.cli.console import Output, output_options


@click.command("demo", short_help="Plant copies and junk in shipped photos, run the funnel, show the score.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the planted images and the run here (a new folder). Default: a temporary folder, left there to look at.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Other seeds plant other amounts and offsets.",
)
@click.option(
    "--style",
    default="default",
    show_default=True,
    help="How copies are made: default, opencv or web.",
)
@output_options
def command(out: Path | None, seed: int, style: str, quiet: bool, as_json: bool) -> None:
    """Plant copies, junk and broken files among the photos that ship with rfdedup, and find them again."""
    import rfdedup
    from rfdedup.cli.scores import score_tables
    from rfdedup.demo.planting import plant, shipped_photos
    from rfdedup.model.errors import ConfigError
    from rfdedup.outputs.evaluation import evaluate

    output = Output.make(quiet=quiet, json=as_json)
    folder = Path(tempfile.mkdtemp(prefix="rfdedup-demo-")) if out is None else out
    try:
        try:
            planted = plant(shipped_photos(), folder, seed=seed, style=style)
        except OSError as error:
            raise ConfigError(f"cannot write to {folder}: {error.strerror or error}") from None
        output.show(f"planted {len(planted.rows)} files made of {len(shipped_photos())} photos in {planted.images}")
        run = rfdedup.refine(planted.images, out=folder / "run")
        scores = evaluate(planted.rows, run.verdicts, run.links)
    except BaseException:
        if out is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    for table in score_tables(scores, curve=False):
        output.show(table)
    output.show(f"report: {folder / 'run' / 'report.html'}")
    output.show(f"truth:  {planted.truth}")
    output.result({"folder": str(folder), "files": len(planted.rows), **scores.as_dict()})
