"""``rfdedup encoders``: what can embed here, and converting weights that users bring."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from rfdedup.cli.console import Output, output_options
from rfdedup.model.errors import ConfigError, InputError
from rfdedup.model.text import printable

if TYPE_CHECKING:
    from rfdedup.encoders.base import Encoder
    from rfdedup.encoders.listing import Listed
    from rfdedup.encoders.preprocess import InputSpec, Rgb

MEASURE_SECONDS = 2.0
COMPARED_IMAGES = 200
"""Images that judge an int8 form; others than it was calibrated on where there are enough."""


@click.group("encoders", invoke_without_command=True)
@click.option("--measure", is_flag=True, help="Load those that are ready and measure their images/s.")
@output_options
@click.pass_context
def command(context: click.Context, measure: bool, quiet: bool, as_json: bool) -> None:
    """List what can embed images here.

    Besides these, --encoder takes onnx:FILE and torchscript:FILE.
    """
    if context.invoked_subcommand is not None:
        return
    from rfdedup.encoders.listing import list_encoders

    output = Output.make(quiet=quiet, json=as_json)
    listed = list_encoders()
    rows = [_facts(one) | (_measured(one) if measure and one.ready else {}) for one in listed]
    output.show(_table(rows, measured=measure))
    output.show("and files of your own: --encoder onnx:FILE, --encoder torchscript:FILE")
    output.result({"encoders": rows})


@command.command("add")
@click.argument("name")
@click.option("--weights", type=click.Path(path_type=Path), metavar="FILE", help="fast-reid checkpoint.")
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Make an int8 form as well, calibrated on up to 300 images of this folder.",
)
@output_options
def add(name: str, weights: Path | None, calibrate: Path | None, quiet: bool, as_json: bool) -> None:
    """Convert weights once, so that encoder NAME runs without torch and without naming them again."""
    from rfdedup.encoders import efficientnet_lite0, r50_ibn
    from rfdedup.encoders.cache import entry_id

    output = Output.make(quiet=quiet, json=as_json)
    if name in r50_ibn.DEPTHS:
        entry = r50_ibn.add(name, weights)
        base, model = entry_id(entry.facts), entry.model
        result: dict[str, Any] = {"encoder": name, "weights_sha256": entry.facts["weights_sha256"]}
    elif name == efficientnet_lite0.NAME and weights is None and calibrate is not None:
        base, model = efficientnet_lite0.model_card().weights_sha256, None
        result = {"encoder": name, "weights_sha256": base}
    else:
        raise ConfigError(
            f"encoders add {name}: give one of {', '.join(r50_ibn.DEPTHS)} with --weights FILE, "
            f"or {efficientnet_lite0.NAME} with --calibrate FOLDER"
        )
    output.show(f"{name}: ready, weights {result['weights_sha256'][:12]}")
    if calibrate is not None:
        result["int8"] = _calibrate(name, weights, base, model, calibrate)
        output.show(_int8_line(result["int8"]))
    output.result(result)


def _calibrate(name: str, weights: Path | None, base: str, model: Path | None, folder: Path) -> dict[str, Any]:
    """Make the int8 form and compare it with fp32, and in speed with the best precision of this CPU."""
    from importlib.resources import as_file

    from rfdedup.encoders import efficientnet_lite0, load_encoder, quantised

    best = load_encoder(name, weights=weights, device="cpu")
    images = typical_images(folder, best.card.input, quantised.CALIBRATION_IMAGES + COMPARED_IMAGES)
    if model is None:
        with as_file(efficientnet_lite0.MODEL) as shipped:
            quantised.quantise(name, base, shipped, images)
    else:
        quantised.quantise(name, base, model, images)
    small = load_encoder(name, weights=weights, device="cpu", precision="int8")
    exact = load_encoder(name, weights=weights, device="cpu", precision="fp32")
    fresh = images[quantised.CALIBRATION_IMAGES :]
    judged = fresh if len(fresh) >= quantised.FEWEST_IMAGES else images
    threshold = best.card.thresholds["raw"].value
    change = quantised.change(exact.encode(judged), small.encode(judged), threshold)
    return {
        **asdict(change),
        "compared_on": "other images than calibrated on" if judged is fresh else "the calibration images",
        "calibrated_on": min(len(images), quantised.CALIBRATION_IMAGES),
        "images_per_second": images_per_second(small),
        "best_precision": best.precision,
        "best_images_per_second": images_per_second(best),
    }


def _int8_line(facts: dict[str, Any]) -> str:
    ratio = facts["images_per_second"] / facts["best_images_per_second"]
    verdict = "use it with --precision int8" if ratio > 1 else f"not faster than {facts['best_precision']} here"
    return (
        f"int8: {ratio:.2f} times the speed of {facts['best_precision']}; cosine similarity of {facts['pairs']:,} "
        f"pairs ({facts['compared_on']}) moves by up to {facts['largest']:.4f}, p99 {facts['p99']:.4f}; "
        f"{facts['flips']:.4%} change sides at {facts['threshold']}; {verdict}"
    )


def typical_images(folder: Path, spec: InputSpec, count: int) -> list[Rgb]:
    """Up to ``count`` images below ``folder``, prepared for ``spec``; always the same ones. Broken files are left out.

    Raises:
        InputError: the folder is missing or holds no readable image.
    """
    from rfdedup.executors.base import BlockSpec
    from rfdedup.executors.choice import open_executor
    from rfdedup.features.file_tasks import PrepareTask
    from rfdedup.features.settings import limits_of
    from rfdedup.model.config import RunConfig
    from rfdedup.sources.folder import sample, scan

    config = RunConfig()
    files = sample([file for file in scan([folder]).files if file.named_as_image], count)
    size = 16
    shards = [(i, files[i : i + size]) for i in range(0, len(files), size)]
    parts: dict[int, list[Rgb]] = {}
    task = PrepareTask(limits_of(config), spec)
    with open_executor(config) as executor:
        for done in executor.run(task, shards, items=len(files), block=BlockSpec(size, spec.height, spec.width)):
            if done.block is not None:
                # a task returns None when it wrote its image
                good = [i for i, result in enumerate(done.results) if result is None]
                parts[done.tag] = [done.block[i].copy() for i in good]
            done.release()
    images = [image for tag in sorted(parts) for image in parts[tag]]
    if not images:
        raise InputError(f"{printable(str(folder))} holds no readable image")
    return images


def images_per_second(encoder: Encoder, seconds: float = MEASURE_SECONDS) -> float:
    """Images/s of ``encoder`` alone, on prepared noise, with as many calls at once as it likes."""
    import numpy as np

    height, width, _ = encoder.card.input.shape
    batch = np.random.default_rng(0).integers(0, 256, (encoder.batch, height, width, 3), dtype=np.uint8)
    encoder.embed(batch)
    start = time.perf_counter()

    def work(_: int) -> int:
        done = 0
        while time.perf_counter() - start < seconds:
            encoder.embed(batch)
            done += len(batch)
        return done

    with ThreadPoolExecutor(encoder.streams) as threads:
        images = sum(threads.map(work, range(encoder.streams)))
    return images / (time.perf_counter() - start)


def _facts(one: Listed) -> dict[str, Any]:
    card = one.card
    return {
        "name": one.name,
        "ready": one.ready,
        "note": one.note,
        "int8": one.int8,
        "dim": card.dim if card else None,
        "input": f"{card.input.height}x{card.input.width} {card.input.resize}" if card else None,
        "normalisation": card.normalisation if card else None,
        "licence": card.licence if card else None,
        "weights_sha256": card.weights_sha256 if card else None,
        "source": card.source if card else None,
        "thresholds": {name: asdict(value) for name, value in card.thresholds.items()} if card else {},
    }


def _measured(one: Listed) -> dict[str, Any]:
    from rfdedup.encoders import load_encoder

    encoder = load_encoder(one.name)
    speeds = {encoder.precision: images_per_second(encoder)}
    if one.int8:
        speeds["int8"] = images_per_second(load_encoder(one.name, precision="int8"))
    return {"device": encoder.device, "images_per_second": speeds}


def _table(rows: list[dict[str, Any]], *, measured: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("name", "dim", "input", "threshold", "licence", "state"):
        table.add_column(title, no_wrap=title == "name")
    if measured:
        table.add_column("images/s")
    for row in rows:
        thresholds = ", ".join(f"{name} {facts['value']}" for name, facts in row["thresholds"].items())
        cells = [row["name"], str(row["dim"] or ""), row["input"] or "", thresholds, row["licence"] or "", row["note"]]
        if measured:
            speeds = row.get("images_per_second", {})
            cells.append(", ".join(f"{speed:.0f} ({row['device']} {name})" for name, speed in speeds.items()))
        table.add_row(*cells)
    return table
