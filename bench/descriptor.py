"""Which fit whitens best, and what a calibrated threshold is worth: on images that the fit has not seen.

    python bench/descriptor.py ../shared/data [--step 4] [--json FILE] [--choice]

The folders cars, photos and prior hold distinct images; of every STEP-th one, eleven edited copies are made. A prior
is fitted on the folders that the copies are not from ("unseen"), on all of them ("seen"), pooled with images of the
same folder that have no copies, and those alone. Recall counts copies above the highest of all pairs of copies and
originals of different images ("zero false pairs"), and at the shipped threshold, with the false pairs there.
"Calibrated" is what the images without copies tell. Fits that hold their own images are judged by the very images of
the fit in that column: where it falls below the others and false pairs appear, it shows why a run tells its threshold
from images that a fitted transform has not seen.

``--adapt`` prints instead what a run makes of cars under a prior that has seen none: pooled with so many of them, and
the threshold that it then tells, on cars that it has not seen; means of five draws.

``--choice`` prints dimension and shrinkage instead, told twice from images that no fit has seen: of kinds that it has
not seen either (fitted on the other folders), and of kinds that it knows (fitted on the images without copies).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness import machine, show, write
from rfdedup.encoders import load_encoder
from rfdedup.encoders.efficientnet_lite0 import THRESHOLDS
from rfdedup.executors.choice import open_executor
from rfdedup.metric.calibration import MIN_IMAGES, UnsupportedError, calibrate, pair_rate
from rfdedup.metric.descriptor import fit_whitening, unit
from rfdedup.metric.statistics import mean_similarity, pooled, statistics, statistics_of
from rfdedup.metric.whitening import (
    DIM,
    FEW,
    OWN_WEIGHT,
    PARTS,
    SHARE,
    SHRINKAGE,
    Prior,
    WhiteningChoice,
    choose,
    fit,
    parts,
)
from rfdedup.model.config import RunConfig
from rfdedup.pipeline.edited_copies import embed_copies
from rfdedup.pipeline.embedding import embed_files
from rfdedup.pipeline.threshold_estimate import CEILING_SHARE, FALSE_PAIRS, estimate_threshold
from rfdedup.runtime.progress import Silent, Watch
from rfdedup.sources.folder import scan

ADAPTED = (0, 64, 128, 256, 400)
DRAWS = 5
DIVISIONS = (2, PARTS, 8)
FOLDERS = ("cars", "photos", "prior")
SIZES = (25, 50, 100, 200, 400)
DIMENSIONS = (128, 256, 384, 512, 768)
SHRINKAGES = (1e-2, 1e-3, 1e-4)


def embedded(folder: Path, step: int) -> dict[str, Any]:
    """Embeddings of a folder's images, and of the copies of every ``step``-th."""
    config, watch, encoder = RunConfig(), Watch(Silent()), load_encoder("efficientnet-lite0")
    files = scan([folder]).files
    x = np.zeros((len(files), encoder.dim), np.float32)
    with watch.stage("embed", len(files)), open_executor(config) as executor:
        for at, vectors, _ in embed_files(executor, files, encoder, config, watch):
            x[at] = vectors
    sources = np.arange(0, len(files), step)
    own, _, copies = embed_copies([files[i] for i in sources], encoder, config, watch)
    return {"x": x, "sources": sources, "own": sources[own], "copies": copies}


def score(data: dict[str, Any], apply: Any) -> dict[str, Any]:
    """Recall at zero false pairs and at the shipped threshold; what calibration finds, and what it costs."""
    original, copies = apply(data["x"][data["sources"]]), apply(data["copies"])
    where = np.searchsorted(data["sources"], data["own"])
    mine = np.einsum("nd,nd->n", copies, original[where])
    whole, group = np.concatenate([original, copies]), np.concatenate([data["sources"], data["own"]])
    similarity = whole @ whole.T
    wrong = similarity[np.triu(group[:, None] != group[None])]
    others = apply(np.delete(data["x"], data["sources"], axis=0))
    bound = THRESHOLDS["raw" if apply is unit else "whitened"].value
    row = {
        "mean similarity": f"{mean_similarity(original):.3f}",
        "recall at 0 false": f"{(mine > wrong.max()).mean():.3f}",
        "recall at default": f"{(mine >= bound).mean():.3f}",
        "false pairs there": f"{int((wrong >= bound).sum())} of {wrong.size}",
    }
    try:
        rate = pair_rate(FALSE_PAIRS, len(others))
        found = calibrate(others, rate=rate, ceiling=float(np.quantile(mine, CEILING_SHARE)))
        row["calibrated"] = f"{found.threshold:.3f}: recall {(mine >= found.threshold).mean():.3f}, " + (
            f"{int((wrong >= found.threshold).sum())} false"
        )
    except UnsupportedError as error:
        row["calibrated"] = f"refused: {str(error)[:40]}"
    return row


def table(name: str, sets: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """All fits, judged by the copies of one folder."""
    data = sets[name]
    rest: npt.NDArray[np.float32] = np.delete(data["x"], data["sources"], axis=0)
    rest = rest[np.random.default_rng(0).permutation(len(rest))]
    elsewhere = np.concatenate([one["x"] for other, one in sets.items() if other != name])
    everywhere = np.concatenate([one["x"] for one in sets.values()])
    unseen = Prior(fit_whitening(elsewhere, dim=512, shrinkage=1e-3), len(elsewhere), 1e-3)
    fits: dict[str, Any] = {
        "raw": unit,
        f"prior, unseen ({len(elsewhere)})": unseen.whitening.apply,
        f"prior, seen ({len(everywhere)})": fit_whitening(everywhere, dim=512, shrinkage=1e-3).apply,
    }
    for n in sorted({min(n, len(rest)) for n in (*SIZES, len(rest))}):
        own = statistics(rest[:n])
        for weight in (1.0, OWN_WEIGHT):
            both = pooled(statistics_of(unseen.whitening, unseen.images, unseen.shrinkage), own, weight)
            fits[f"unseen + {n} own, each x{weight:g}"] = fit(both).apply
        fits[f"{n} own"] = fit(own).apply
    return [{"set": name, "fit": label, **score(data, apply)} for label, apply in fits.items()]


def recalls(data: dict[str, Any], apply: Any) -> tuple[float, float]:
    """Recall at zero false pairs, and at one in 10^5."""
    mine, wrong = similarities(data, apply)
    return float((mine > wrong[-1]).mean()), float((mine > wrong[-int(wrong.size * 1e-5)]).mean())


def grid(sets: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Every dimension with every shrinkage, on images that the fit has not seen."""
    known = np.concatenate([np.delete(one["x"], one["sources"], axis=0) for one in sets.values()])
    rows = []
    for unseen in ("kinds", "images"):
        for dim in DIMENSIONS:
            for shrinkage in SHRINKAGES:
                row: dict[str, Any] = {"unseen": unseen, "dimensions": dim, "shrinkage": f"{shrinkage:g}"}
                told = []
                for name, data in sets.items():
                    others = np.concatenate([one["x"] for other, one in sets.items() if other != name])
                    on = others if unseen == "kinds" else known
                    told.append(recalls(data, fit_whitening(on, dim=dim, shrinkage=shrinkage).apply))
                    row[name] = f"{told[-1][0]:.3f} / {told[-1][1]:.3f}"
                row["mean"] = " / ".join(f"{value:.3f}" for value in np.mean(told, axis=0))
                rows.append(row)
    return rows


def adapted(sets: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What a set that the prior does not know gets, by the number of its images that are pooled with the prior."""
    data = sets["cars"]
    others = np.concatenate([one["x"] for name, one in sets.items() if name != "cars"])
    prior = Prior(fit_whitening(others, dim=DIM, shrinkage=SHRINKAGE), len(others), SHRINKAGE)
    rest = np.delete(data["x"], data["sources"], axis=0)
    bound = THRESHOLDS["whitened"].value
    rows = []
    for count in ADAPTED:
        told: dict[str, list[tuple[float, float, float]]] = {}
        for draw in range(DRAWS):
            own = rest[np.random.default_rng(draw).permutation(len(rest))[:count]]
            images = SHARE * count if count > FEW else count
            choice = choose(own, prior, images=images) if count else WhiteningChoice("prior", prior.whitening, 0, "")
            mine, wrong = similarities(data, choice.describe)
            at = {"default": bound}
            for number, size in ((n, s) for n in DIVISIONS for s in (1_000, 10_000) if count > MIN_IMAGES):
                seen = parts(choice, own, prior, number)
                value = estimate_threshold(seen, ceiling=bound, images=size).threshold
                at[f"{number} parts, for {size}"] = max(bound, value)
            for name, value in at.items():
                told.setdefault(name, []).append((value, (mine >= value).mean(), (wrong >= value).sum()))
        for name, values in told.items():
            mean = np.mean(values, axis=0)
            rows.append(
                {
                    "own images": count,
                    "threshold": name,
                    "at": f"{mean[0]:.3f} ± {np.std(values, axis=0)[0]:.3f}",
                    "recall": f"{mean[1]:.3f}",
                    "false pairs": f"{mean[2]:.1f} of {wrong.size}",
                }
            )
    return rows


def similarities(data: dict[str, Any], apply: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Of copies with their originals, and of all pairs of different images, copies included, in ascending order."""
    original, copies = apply(data["x"][data["sources"]]), apply(data["copies"])
    mine = np.einsum("nd,nd->n", copies, original[np.searchsorted(data["sources"], data["own"])])
    whole, group = np.concatenate([original, copies]), np.concatenate([data["sources"], data["own"]])
    return mine, np.sort((whole @ whole.T)[np.triu(group[:, None] != group[None])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--step", type=int, default=4)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--choice", action="store_true", help="dimension and shrinkage")
    parser.add_argument("--adapt", action="store_true", help="sets that the prior does not know")
    arguments = parser.parse_args()
    sets = {name: embedded(arguments.data / name, arguments.step) for name in FOLDERS}
    rows: list[dict[str, Any]] = []
    if arguments.choice:
        rows = grid(sets)
        show("recall at zero false pairs / at one in 10^5", rows)
    if arguments.adapt:
        rows = adapted(sets)
        show("cars that a prior without cars was pooled with some of", rows)
    for name in () if arguments.choice or arguments.adapt else FOLDERS:
        rows += table(name, sets)
        show(name, [row for row in rows if row["set"] == name])
    if arguments.json:
        write(arguments.json, machine("openvino", "numpy"), rows)


if __name__ == "__main__":
    main()
