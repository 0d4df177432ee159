"""``rfdedup review``: the local page on which people change verdicts."""

from __future__ import annotations

import webbrowser
from importlib.util import find_spec
from pathlib import Path

import click

from rfdedup.cli.console import Output, output_options

_NEEDED = ("starlette", "uvicorn", "sklearn")


@click.command("review")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1. Default: a free one.")
@click.option("--no-open", is_flag=True, help="Only print the link; do not open the browser.")
@click.option("--encoder", metavar="NAME", help="The encoder of RUN; needed where it can hold code.")
@click.option(
    "--sidecar",
    "sidecars",
    multiple=True,
    metavar="PATTERN",
    help="Label files of an image, e.g. {stem}.txt or labels/{stem}.txt; replaces the built-in list, as in apply.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="COCO JSON, or CSV with --label-column, that labels the images; may be repeated.",
)
@click.option(
    "--dataset-images",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that the paths in --dataset files are relative to.",
)
@click.option("--path-column", help="Column of paths in CSV files; default: the usual names.")
@click.option("--label-column", help="Column of labels in CSV files.")
@output_options
def command(
    run: Path,
    port: int,
    no_open: bool,
    encoder: str | None,
    sidecars: tuple[str, ...],
    datasets: tuple[Path, ...],
    dataset_images: Path | None,
    path_column: str | None,
    label_column: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Look at the groups and drops of RUN in the browser and change verdicts before they are applied.

    The page is served to this machine only and needs the token of the printed link. Decisions are saved at once in
    RUN/reviews.sqlite, by the content of the images; the next `rfdedup run` honours them. Ctrl-C ends it.

    Labels are read as `rfdedup apply` reads them, and dropped images whose labels differ from their king's are shown.
    """
    from rfdedup.model.errors import MissingExtraError

    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise MissingExtraError(", ".join(missing), "review", "the review page")
    from rfdedup.outputs.apply.sidecars import DEFAULT_RULES
    from rfdedup.outputs.review.labels import LabelSource
    from rfdedup.outputs.review.server import ReviewServer
    from rfdedup.pipeline.rerun import recompute

    output = Output.make(quiet=quiet, json=as_json)
    labels = LabelSource(sidecars or DEFAULT_RULES, datasets, dataset_images, path_column, label_column)
    server = ReviewServer(run, recompute=recompute, port=port, labels=labels, encoder=encoder)
    output.result({"link": server.link, "port": server.port})
    # the link is what the command is for, so it is printed even when quiet
    Output.make(quiet=as_json, json=as_json).show(f"Review page: {server.link}\nCtrl-C ends it.")

    def ready() -> None:
        if not no_open:
            webbrowser.open(server.link)

    server.serve(ready)
