"""``rfdedup calibrate``: a threshold from the user's own images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rfdedup.cli.console import Output, output_options
from rfdedup.model.text import printable


@click.command("calibrate", short_help="A threshold from your own images.")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(path_type=str))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="TOML file for `rfdedup run --config`.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="HTML page with the distributions.")
@click.option(
    "--max-false-pairs",
    type=float,
    metavar="X",
    help="Wrong pairs allowed per million images, in a set of the size of INPUT (100).",
)
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="TOML file; flags win.")
@click.option("--sample", type=int, metavar="N", help="Look at N images only, always the same ones (2000).")
@click.option("--encoder", metavar="NAME", help="efficientnet-lite0, r50-ibn, onnx:FILE, torchscript:FILE.")
@click.option("--weights", type=click.Path(path_type=str), help="Weights file of the encoder.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]))
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16", "fp16", "int8"]))
@click.option("--descriptor", type=click.Choice(["auto", "raw", "whitened"]))
@click.option("--workers", type=int, metavar="N", help="Worker processes (CPU cores).")
@output_options
def command(
    inputs: tuple[str, ...],
    out: Path | None,
    plot: Path | None,
    config: Path | None,
    quiet: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Measure a threshold on the images below INPUT, which are only read.

    Unrelated pairs of them tell how alike different images get; edited copies of a few tell what is found. Where the
    images cannot support a threshold, the reason is printed and the encoder's default is used.
    """
    from rich.table import Table

    from rfdedup.cli.commands.run import nested
    from rfdedup.cli.progress import TerminalProgress
    from rfdedup.metric.calibration import CONFIDENCE
    from rfdedup.pipeline.calibrate import calibrate_input, chart
    from rfdedup.runtime.cpus import at_most
    from rfdedup.storage.config_file import load_config
    from rfdedup.storage.files import atomic_write

    settings = load_config(config, nested(flags))
    output = Output.make(quiet=quiet, json=as_json)
    with at_most(settings.workers):
        if quiet or as_json:
            result = calibrate_input(inputs, settings)
        else:
            with TerminalProgress() as progress:
                result = calibrate_input(inputs, settings, progress=progress)
    if out is not None:
        with atomic_write(out) as stream:
            stream.write(result.as_toml().encode("utf-8"))
    if plot is not None:
        from rfdedup.outputs.report.calibration_plot import write_plot

        write_plot(plot, chart(result))

    tail = result.calibration
    output.show(f"threshold {result.threshold:.4f} ({result.encoder}, {result.choice.descriptor})")
    output.show(f"whitening: {result.choice.reason}")
    if tail is None:
        output.show(f"not measured, this is the encoder's default: {result.why_not}")
    else:
        output.show(
            f"at most {result.false_pairs:g} wrong pairs per million images in a set of {result.images:,}, with "
            f"{CONFIDENCE:.0%} confidence (estimate {tail.tail.threshold(tail.rate):.3f}); "
            f"one pair in {1 / tail.rate:.1e}, told from {tail.pairs:,} pairs of {tail.images:,} distinct images, "
            f"the highest at {tail.highest:.3f}"
        )
    table = Table("copy", "found", "share", f"{CONFIDENCE:.0%} interval", title="Edited copies at this threshold")
    for kind, one in result.recall.items():
        low, high = one.interval
        table.add_row(kind, f"{one.found}/{one.total}", f"{one.value:.3f}", f"{low:.3f}-{high:.3f}")
    output.show(table)
    for file in (out, plot):
        if file is not None:
            output.show(f"written: {printable(str(file))}")
    output.result({**result.as_dict(), "written": [str(file) for file in (out, plot) if file is not None]})
