"""``rfdedup export``: lists for other tools."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rfdedup.cli.console import Output, output_options


@click.command("export", short_help="Kept or dropped images as a list for the next tool.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "kind",
    required=True,
    type=click.Choice(["csv", "json", "txt", "parquet", "fiftyone", "hf", "coco"]),
    help="csv, json, txt: to --output or stdout. parquet, hf (Hugging Face), coco: a file. fiftyone: a folder.",
)
@click.option("--dropped", is_flag=True, help="The dropped images instead of the kept ones.")
@click.option("--output", type=click.Path(path_type=Path), help="File, or folder for fiftyone, to write.")
@click.option("--null", is_flag=True, help="txt: end names with NUL, for xargs -0.")
@click.option("--embed", is_flag=True, help="hf: put the bytes of the images into the file.")
@output_options
def command(
    run: Path, kind: str, dropped: bool, output: Path | None, null: bool, embed: bool, quiet: bool, as_json: bool
) -> None:
    """Write the kept images of RUN as a list: absolute paths, verdicts and measured values.

    In csv, text that a spreadsheet would take for a formula begins with an apostrophe; the column file is always exact,
    and path_hex holds the bytes of such a path. The other formats change nothing.

    Paths are those that were scanned, whatever `rfdedup apply` did since. FiftyOne reads its folder with
    Dataset.from_dir(dataset_dir=OUTPUT, dataset_type=types.FiftyOneImageClassificationDataset,
    data_path="data.json"); Hugging Face datasets with load_dataset("parquet", data_files=OUTPUT).
    """
    from rfdedup.outputs.export import Export, Format, export_run

    if as_json and output is None:
        raise click.UsageError("--json needs --output, else two things are written to stdout")
    count = export_run(run, Export(Format(kind), dropped, null, embed), output, sys.stdout.buffer)
    screen = Output.make(quiet=quiet or output is None, json=as_json)
    screen.show(f"wrote {count:,} {'dropped' if dropped else 'kept'} images to {output}")
    screen.result({"format": kind, "dropped": dropped, "output": output, "images": count})
