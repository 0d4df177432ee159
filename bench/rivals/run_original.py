"""The steps that this project began as, plainly done: argv is IMAGES RESULT CHECKPOINT.

One image after another and one decode a step: blur and brightness by OpenCV, difference and perceptual hash by
imagehash, a fast-reid R50-IBN in torch float32, inner products by a flat FAISS index, components by networkx.
It runs in the environment of rfdedup, whose network definition it shares.
"""

import json
import sys
from pathlib import Path

import cv2
import faiss
import imagehash
import networkx
import numpy as np
import torch
from PIL import Image

from rfdedup.encoders.r50_ibn import read_network

BATCH = 32
SIMILAR = 0.9


def main() -> None:
    images, result, weights = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    sharp = [file for file in sorted(images.iterdir()) if is_good(file)]
    seen: dict[tuple[str, str], Path] = {}
    for file in sharp:
        with Image.open(file) as image:
            key = str(imagehash.dhash(image)), str(imagehash.phash(image))
        seen.setdefault(key, file)
    distinct = list(seen.values())
    vectors = embeddings(distinct, weights)
    faiss.normalize_L2(vectors)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    limits, _, neighbours = index.range_search(vectors, SIMILAR)
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(distinct)))
    for row in range(len(distinct)):
        graph.add_edges_from((row, int(other)) for other in neighbours[limits[row] : limits[row + 1]])
    kept = [min(members) for members in networkx.connected_components(graph)]
    result.write_text(json.dumps({"kept": [distinct[row].name for row in sorted(kept)]}))


def is_good(file: Path) -> bool:
    image = cv2.imread(str(file))
    if image is None:
        return False
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return bool(cv2.Laplacian(grey, cv2.CV_64F).var() >= 50 and 10 <= np.mean(grey) <= 220)


def embeddings(files: list[Path], weights: Path) -> np.ndarray:
    network, _ = read_network("r50-ibn", weights)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(files), BATCH):
            batch = [cv2.imread(str(file))[:, :, ::-1] for file in files[start : start + BATCH]]
            resized = [cv2.resize(image, (256, 256), interpolation=cv2.INTER_CUBIC) for image in batch]
            parts.append(network(torch.from_numpy(np.stack(resized))).float().numpy())
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
