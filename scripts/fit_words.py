"""Fit the centres of visual words on folders of distinct, diverse photos.

    python scripts/fit_words.py ../shared/data/prior ../shared/data/photos ../shared/data/cars

Writes src/rfdedup/neighbors/data/words.bin (2 x 512 centres of 16 values, no picture) and a .json that says what it was
fitted on. k-means by faiss, whose start is fixed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import faiss
import numpy as np

from rfdedup.features.local_features import local_features
from rfdedup.imaging import DecodeLimits, decode
from rfdedup.model.errors import ImageError
from rfdedup.model.version import __version__
from rfdedup.neighbors.local_match import unpacked
from rfdedup.neighbors.visual_words import CENTRES, HALF

DATA = Path(__file__).resolve().parents[1] / "src" / "rfdedup" / "neighbors" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    arguments = parser.parse_args()
    digest = hashlib.sha256()
    found = []
    for path in sorted(path for folder in arguments.folders for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        try:
            picture = decode(data, at_least=640, limits=DecodeLimits())
        except ImageError:
            continue
        digest.update(hashlib.sha256(data).digest())
        found.append(unpacked(local_features(picture.grey()))[:, 4:])
    descriptors = np.concatenate(found).astype(np.float32)
    centres = np.empty((2, CENTRES, HALF), np.uint8)
    for half in range(2):
        part = np.ascontiguousarray(descriptors[:, half * HALF : (half + 1) * HALF])
        fit = faiss.Kmeans(HALF, CENTRES, niter=25, seed=1, max_points_per_centroid=1000)
        fit.train(part)
        centres[half] = np.round(fit.centroids)
    DATA.mkdir(exist_ok=True)
    (DATA / "words.bin").write_bytes(centres.tobytes())
    facts = {
        "fitted_on": [folder.name for folder in arguments.folders],
        "images": len(found),
        "features": len(descriptors),
        "images_sha256": digest.hexdigest(),
        "version": __version__,
        "command": "python scripts/fit_words.py " + " ".join(map(str, arguments.folders)),
    }
    (DATA / "words.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
