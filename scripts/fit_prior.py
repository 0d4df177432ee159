"""Fit the whitening prior that ships with an encoder, on folders of distinct, diverse photos.

    python scripts/fit_prior.py ../shared/data/prior ../shared/data/photos ../shared/data/cars

Writes src/rfdedup/encoders/data/NAME_prior.npz (mean and projection, no picture) and a .json that says what it was
fitted on. Pictures are decoded, reduced and embedded by the shipped pipeline, in float32.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

from rfdedup.encoders import load_encoder
from rfdedup.encoders.preprocess import prepare
from rfdedup.imaging import DecodeLimits, decode
from rfdedup.metric.descriptor import Whitening, fit_whitening
from rfdedup.model.errors import ImageError
from rfdedup.model.version import __version__

DATA = Path(__file__).resolve().parents[1] / "src" / "rfdedup" / "encoders" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--encoder", default="efficientnet-lite0")
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--shrinkage", type=float, default=1e-3)
    arguments = parser.parse_args()

    encoder = load_encoder(arguments.encoder, precision="fp32")
    files = sorted(path for folder in arguments.folders for path in folder.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    batches: list[np.ndarray] = []
    batch: list[np.ndarray] = []
    used = 0
    for path in files:
        data = path.read_bytes()
        try:
            spec = encoder.card.input
            picture = decode(data, at_least=(spec.width, spec.height), limits=DecodeLimits())
        except ImageError:
            continue
        digest.update(hashlib.sha256(data).digest())
        batch.append(prepare(picture.rgb, encoder.card.input))
        used += 1
        if len(batch) == encoder.batch:
            batches.append(encoder.embed(np.stack(batch)))
            batch = []
    if batch:
        batches.append(encoder.embed(np.stack(batch)))
    whitening = fit_whitening(np.concatenate(batches), dim=arguments.dim, shrinkage=arguments.shrinkage)
    target = DATA / f"{arguments.encoder.replace('-', '_')}_prior.npz"
    half = Whitening(whitening.mean, whitening.projection.astype(np.float16))
    half.save(target)
    facts = {
        "encoder": arguments.encoder,
        "weights_sha256": encoder.card.weights_sha256,
        "fitted_on": [folder.name for folder in arguments.folders],
        "images": used,
        "images_sha256": digest.hexdigest(),
        "dim": arguments.dim,
        "shrinkage": arguments.shrinkage,
        "version": __version__,
        "command": "python scripts/fit_prior.py " + " ".join(map(str, arguments.folders)),
    }
    target.with_suffix(".json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    print(f"{target.name}: {used} images, {arguments.dim} dimensions, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
