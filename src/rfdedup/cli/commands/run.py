"""``rfdedup run``: the funnel from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rfdedup.cli.console import Output, output_options
from rfdedup.model.text import printable

if TYPE_CHECKING:
    from rfdedup.pipeline.inputs import Inputs

_FLAGS: dict[str, tuple[str, ...]] = {
    "sample": ("sample",),
    "workers": ("workers",),
    "encoder": ("semantic", "encoder"),
    "weights": ("semantic", "weights"),
    "device": ("semantic", "device"),
    "precision": ("semantic", "precision"),
    "descriptor": ("semantic", "descriptor"),
    "threshold": ("semantic", "threshold"),
    "embeddings": ("semantic", "embeddings"),
    "embeddings_key": ("semantic", "embeddings_key"),
    "max_false_pairs": ("semantic", "max_false_pairs"),
    "quality": ("quality", "rule"),
    "blurry": ("quality", "blurry"),
    "dark": ("quality", "dark"),
    "bright": ("quality", "bright"),
    "scale": ("quality", "scale"),
    "radius": ("hash", "radius"),
    "same": ("same",),
    "max_change": ("compare", "max_change"),
    "neighbours": ("compare", "neighbours"),
    "floor": ("compare", "floor"),
    "keep": ("keep", "rule"),
    "prefer": ("keep", "prefer"),
    "protect": ("keep", "protect"),
    "max_megapixels": ("limits", "max_megapixels"),
    "file_seconds": ("limits", "file_seconds"),
    "worker_memory": ("limits", "worker_memory_mb"),
}
"""Where each flag lies in the configuration; the names in TOML are these joined by dots."""


def nested(flags: dict[str, Any]) -> dict[str, Any]:
    """Flags that were given, as the nested values of a configuration."""
    values: dict[str, Any] = {}
    for name, value in flags.items():
        if value is None or value == ():
            continue
        if name == "encoder_option":
            values.setdefault("semantic", {})["encoder_options"] = dict(map(_key_and_value, value))
            continue
        if name in ("tiers", "drop"):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        keys = {"tiers": ("tiers",), "drop": ("quality", "drop")}.get(name) or _FLAGS[name]
        place = values
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    return values


def _key_and_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--encoder-option")
    return key, value


def config_options(command: Any) -> Any:
    """The options that make a ``RunConfig``; shared by the commands that take one."""
    options = [
        click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="TOML file; flags win."),
        click.option("--tiers", metavar="LIST", help="Tiers to run: quality,hash,semantic."),
        click.option("--sample", type=int, metavar="N", help="Look at N images only, always the same ones."),
        click.option(
            "--same",
            type=click.Choice(["copy", "moment", "meaning"]),
            help="What makes a duplicate (moment): an edit of the same picture; or also one scene in which nothing "
            "changed; or like content by cosine similarity alone, without comparing pictures.",
        ),
        click.option("--max-change", type=float, metavar="X", help="How much change is overlooked, as a multiple (1)."),
        click.option("--neighbours", type=int, metavar="N", help="Nearest images that are compared with each (4)."),
        click.option("--floor", metavar="X", help="Cosine similarity below which no pair is compared, or auto."),
        click.option("--encoder", metavar="NAME", help="efficientnet-lite0, r50-ibn, onnx:FILE, torchscript:FILE."),
        click.option("--weights", type=click.Path(path_type=str), help="Weights file of the encoder."),
        click.option(
            "--encoder-option",
            multiple=True,
            metavar="KEY=VALUE",
            help="Of onnx: and torchscript: encoders: size, layout, normalisation, resize.",
        ),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"])),
        click.option("--precision", type=click.Choice(["auto", "fp32", "bf16", "fp16", "int8"])),
        click.option("--descriptor", type=click.Choice(["auto", "raw", "whitened"])),
        click.option(
            "--threshold", metavar="X", help="With --same meaning: cosine similarity that makes a duplicate, or auto."
        ),
        click.option(
            "--max-false-pairs",
            type=float,
            metavar="X",
            help="Measure the threshold on these images: X wrong pairs allowed per million images.",
        ),
        click.option(
            "--radius", type=int, metavar="BITS", help="Hamming distance of hashes up to which a pair is compared (8)."
        ),
        click.option(
            "--quality",
            type=click.Choice(["information", "classic"]),
            help="What decides on dark, bright and blurry: what a picture holds, or means over all of it.",
        ),
        click.option("--blurry", type=float, metavar="X", help="Crispness below X is blurry (0.035; classic: 50)."),
        click.option("--dark", type=float, metavar="X", help="Lightest part below level X is dark (32; classic: 10)."),
        click.option(
            "--bright", type=float, metavar="X", help="Darkest part above level X is bright (170; classic: 220)."
        ),
        click.option("--scale", type=click.Choice(["640", "native"]), help="Size at which sharpness is measured."),
        click.option("--drop", metavar="LIST", help="Quality checks that drop (dark,bright,blurry,blank)."),
        click.option(
            "--keep",
            type=click.Choice(["best", "largest", "sharpest", "oldest", "newest", "first"]),
            help="Which image of a group stays (best).",
        ),
        click.option("--prefer", multiple=True, metavar="GLOB", help="Matching images outrank the others."),
        click.option("--protect", multiple=True, metavar="GLOB", help="Matching images are never dropped."),
        click.option("--workers", type=int, metavar="N", help="Worker processes (CPU cores)."),
        click.option("--max-megapixels", type=float, metavar="X", help="Larger images are errors (300)."),
        click.option(
            "--file-seconds", type=float, metavar="X", help="A file that takes more processor time is an error (20)."
        ),
        click.option(
            "--worker-memory", type=int, metavar="MB", help="A file whose worker takes more is an error (2048)."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def input_options(command: Any) -> Any:
    """The options that say how INPUT is read; ``taken_inputs`` makes an ``Inputs`` of them."""
    options = [
        click.option(
            "--files-from", metavar="FILE", help="Images named by a text, CSV or Parquet file; - reads stdin."
        ),
        click.option(
            "--null", is_flag=True, default=None, help="Names of --files-from end with NUL, as of find -print0."
        ),
        click.option("--path-column", metavar="C", help="Column of --files-from that holds paths."),
        click.option("--image-column", metavar="C", help="Column of a Parquet INPUT that holds image bytes."),
        click.option("--exclude", multiple=True, metavar="GLOB", help="Matching images are left out."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def taken_inputs(named: tuple[str, ...], flags: dict[str, Any]) -> Inputs:
    """What INPUT and its options name; these are taken out of ``flags``."""
    from rfdedup.pipeline.inputs import InputOptions, Inputs

    options = InputOptions.taken_from(flags)
    if not named and options.files_from is None:
        raise click.UsageError("name at least one INPUT, or a list of images with --files-from")
    return Inputs(named, options)


@click.command(name="run")
@click.argument("inputs", nargs=-1, metavar="INPUT...", type=click.Path(path_type=str))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="RUN", help="Run folder, made if absent."
)
@click.option(
    "--embeddings",
    metavar="VECTORS",
    help="Vectors in place of the encoder, joined by key: a folder of img_emb_N.npy with metadata_N.parquet, FILE.npy "
    "with keys beside it, or FILE.parquet:COLUMN.",
)
@click.option("--key", "embeddings_key", metavar="C", help="Column of --embeddings that names the images.")
@input_options
@config_options
@output_options
def command(inputs: tuple[str, ...], out: Path, quiet: bool, as_json: bool, config: Path | None, **flags: Any) -> None:
    """Find junk and duplicates in INPUT. Reads only; the verdicts go to RUN.

    INPUT is a folder, an image, a tar file, a range of them such as shards/{000..099}.tar, a zip file or a Parquet file
    with image bytes.

    The same command on the same RUN resumes, and computes nothing again for unchanged files.

    A GLOB is held against the path of an image below INPUT, the same with INPUT's own name in front, and its absolute
    path; * crosses folders. One that matches nothing is told at once.
    """
    from rfdedup.cli.progress import TerminalProgress, WarningsOnly
    from rfdedup.cli.summary import (
        bound_lines,
        comparison_lines,
        error_lines,
        passed_over_line,
        stage_table,
        summary_table,
    )
    from rfdedup.pipeline.run import refine
    from rfdedup.storage.config_file import load_config
    from rfdedup.storage.run_folder import REPORT_FILE, VERDICTS_FILE

    source = taken_inputs(inputs, flags)
    settings = load_config(config, nested(flags))
    output = Output.make(quiet=quiet, json=as_json)
    typed = ["rfdedup", *sys.argv[1:]]
    if quiet or as_json:
        run = refine(source, out, config=settings, progress=WarningsOnly(), command=typed)
    else:
        with TerminalProgress() as progress:
            run = refine(source, out, config=settings, progress=progress, command=typed)
    facts = run.summary()
    for line in bound_lines(facts, (run.info.get("config") or {}).get("quality") or {}):
        output.show(printable(line))
    output.show(summary_table(run))
    output.show("")
    output.show(stage_table(facts["stages"]))
    for line in comparison_lines(facts):
        output.show(printable(line))
    for line in error_lines(run):
        output.show(printable(line))
    if line := passed_over_line(facts["scan"]):
        output.show(line)
    for line in facts["warnings"]:
        output.show(f"warning: {printable(line)}")
    output.show(f"verdicts: {printable(str(out / VERDICTS_FILE))}   report: {printable(str(out / REPORT_FILE))}")
    output.result({"run": str(out), **facts})
