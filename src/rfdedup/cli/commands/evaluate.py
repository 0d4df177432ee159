"""``rfdedup evaluate``: score a run against known groups."""

from __future__ import annotations

from pathlib import Path

import click

from rfdedup.cli.console import Output, output_options


@click.command("evaluate", short_help="Precision and recall of a run against known groups.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--truth",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file with the columns path,group and optionally kind,original.",
)
@output_options
def command(run: Path, truth: Path, quiet: bool, as_json: bool) -> None:
    """Score the verdicts in RUN against a file of known groups.

    Prints precision and recall of drops, pairs and groups, pictures lost, how often the original was kept,
    and what each threshold would do to the links. Nothing is decoded or embedded again.
    """
    from rfdedup.cli.scores import score_tables
    from rfdedup.outputs.evaluation import evaluate
    from rfdedup.outputs.truth import read_truth
    from rfdedup.pipeline.results import Run

    output = Output.make(quiet=quiet, json=as_json)
    opened = Run.open(run)
    scores = evaluate(read_truth(truth), opened.verdicts, opened.links)
    for table in score_tables(scores):
        output.show(table)
    output.result(scores.as_dict())
