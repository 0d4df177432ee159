"""``rfdedup materialize``: a clean copy of what a run keeps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rfdedup.cli.console import Output, output_options
from rfdedup.model.text import printable

if TYPE_CHECKING:
    from rfdedup.outputs.materialize import CopySummary
    from rfdedup.outputs.materialize.pieces import Piece

_KINDS = ("same", "files", "webdataset", "parquet", "hf", "yolo", "coco", "imagefolder", "manifest")
_LISTED = 20
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}


def _size(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]i?)?b?", value.strip().lower())
    size = int(float(found[1]) * _UNITS[found[2] or ""]) if found else 0
    if size < 1:
        raise click.BadParameter(f"{value!r} is no size; write 500MB or 1GiB")
    return size


@click.command("materialize", short_help="A clean copy elsewhere: shards, tables, data sets, files.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--to", "dest", required=True, type=click.Path(path_type=Path), metavar="DEST", help="Folder of the copy."
)
@click.option(
    "--as",
    "kind",
    type=click.Choice(_KINDS),
    default="same",
    show_default=True,
    help="same: each input as what it is. files: one folder. webdataset, parquet: shards. hf: for load_dataset. "
    "yolo, coco, imagefolder: data sets with their labels. manifest: the table alone.",
)
@click.option(
    "--shard-size",
    callback=_size,
    metavar="SIZE",
    help="webdataset, parquet, hf: bytes of the images of a shard, such as 500MB or 1GiB; default 512MiB.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="same, yolo, coco: COCO JSON or YOLO data.yaml with labels of the images; may be repeated.",
)
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="RUN was made elsewhere or by others: read images below DIR all the same; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and write nothing.")
@output_options
def command(
    run: Path,
    dest: Path,
    kind: str,
    shard_size: int | None,
    datasets: tuple[Path, ...],
    roots: tuple[Path, ...],
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write the images that RUN keeps to DEST, a new folder; the inputs are only read.

    Labels follow their images. Every image is checked against the SHA-256 that the run saw. DEST/manifest.parquet,
    which is written last, says of each image of the run where it came from and where it went. Interrupted, the same
    command goes on. `rfdedup undo RUN` takes the copy away again. Exit code 1 when an image that should be in the copy
    is not.
    """
    from rfdedup.cli.progress import TerminalProgress
    from rfdedup.outputs.materialize import CopyRequest, Kind, materialize_run
    from rfdedup.outputs.materialize.service import SHARD_BYTES
    from rfdedup.runtime.progress import Silent

    if shard_size is not None and kind not in ("webdataset", "parquet", "hf"):
        raise click.UsageError("--shard-size is for --as webdataset, parquet and hf")
    if datasets and kind not in ("same", "yolo", "coco"):
        raise click.UsageError("--dataset is for --as same, yolo and coco")
    request = CopyRequest(dest, Kind(kind), shard_size or SHARD_BYTES, datasets, roots)
    output = Output.make(quiet=quiet, json=as_json)
    planned: list[dict[str, Any]] = []

    def show(piece: Piece) -> None:
        output.show(f"{printable(piece.name)}  {_of(piece)}")
        planned.append({"name": piece.name, "images": len(piece.rows), "bytes": piece.size})

    if dry_run:
        summary = materialize_run(run, request, dry_run=True, show=show)
    elif quiet or as_json:
        summary = materialize_run(run, request, progress=Silent())
    else:
        with TerminalProgress() as progress:
            summary = materialize_run(run, request, progress=progress)
    _show(summary, output)
    output.result(_as_dict(summary) | ({"plan": planned} if dry_run else {}))
    if not summary.complete and not dry_run:
        raise click.exceptions.Exit(1)


def _of(piece: Piece) -> str:
    images = f"{len(piece.rows):,} images, " if piece.members else ""
    return f"{images}{piece.size:,} bytes" if piece.size else images.rstrip(", ")


def _show(summary: CopySummary, output: Output) -> None:
    if summary.decisions_pending:
        output.show(
            "Warning: reviewers decided after the last run, and this copy does not show it: run the same "
            "`rfdedup run` command, or press Recompute on the review page, then materialize into a new folder"
        )
    dest = printable(summary.dest)
    if summary.dry_run:
        output.show(
            f"dry run: {summary.planned:,} images in {summary.outputs:,} files, up to {summary.bytes:,} bytes, would "
            f"be written to {dest}"
        )
    else:
        before = f" ({summary.there:,} were there)" if summary.there else ""
        output.show(f"{summary.images:,} images in {summary.outputs:,} files{before}, {summary.bytes:,} bytes: {dest}")
    if summary.stays:
        output.show(
            f"{summary.stays:,} dropped images are in it: their labels, or images that belong to them, are kept"
        )
    if summary.unread:
        output.show(f"{summary.unread:,} files that the run could not read are not in it")
    for path, reason, detail in summary.refused[:_LISTED]:
        output.show(f"refused  {reason}  {printable(path)}: {printable(detail)}")
    if summary.refused_count > _LISTED:
        output.show(f"... and {summary.refused_count - _LISTED:,} more; --json lists them")
    for name, detail in summary.lost[:_LISTED]:
        output.show(f"not written  {printable(name)}: {printable(detail)}")


def _as_dict(summary: CopySummary) -> dict[str, Any]:
    return {
        "to": summary.dest,
        "as": str(summary.kind),
        "dry_run": summary.dry_run,
        "images": summary.planned if summary.dry_run else summary.images,
        "files": summary.outputs,
        "bytes": summary.bytes,
        "written": summary.written,
        "already_there": summary.there,
        "dropped_that_stay": summary.stays,
        "unreadable": summary.unread,
        "refused_total": summary.refused_count,
        "refused": [{"path": path, "reason": reason, "detail": detail} for path, reason, detail in summary.refused],
        "not_written": [{"name": name, "detail": detail} for name, detail in summary.lost],
        "decisions_pending": summary.decisions_pending,
    }
