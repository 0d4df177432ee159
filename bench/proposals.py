"""What is proposed: crops and collages among unlike pictures, and how many pairs an image nobody needs.

    python bench/proposals.py ../shared/data/photos ../shared/data/cars ../shared/data/prior --images 600

Every picture is cut to 64, 50 and 25 % at a random place, and every fourth four are laid beside each other. Prints, for
each kind, the share that embeddings propose down to their floor, that local features and that panels propose, and that
any of them does;
then the pairs an image that embeddings propose among the unlike pictures alone, how many of these local features let
pass, and what local features and panels cost.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from rfdedup.encoders import load_encoder
from rfdedup.encoders.preprocess import prepare
from rfdedup.features.local_features import local_features
from rfdedup.features.panels import panels
from rfdedup.imaging import DecodeLimits, decode
from rfdedup.imaging.arrays import U8, area_resize
from rfdedup.metric.whitening import full_prior_of
from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.errors import ImageError
from rfdedup.model.proposals import Proposals
from rfdedup.pipeline.proposal_settings import FLOOR_WHITENED, PANELS, PARTS
from rfdedup.stages.propose import by_embeddings, by_panels, by_parts, unlike_in_detail

SHARES = (0.64, 0.5, 0.25)


def cut(rgb: U8, share: float, rng: np.random.Generator) -> U8:
    height, width = rgb.shape[:2]
    h, w = int(height * share**0.5), int(width * share**0.5)
    y, x = int((height - h) * rng.random()), int((width - w) * rng.random())
    return np.ascontiguousarray(rgb[y : y + h, x : x + w])


def coded(rgb: U8) -> U8:
    return cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 88])[1], cv2.IMREAD_COLOR)


def pictures(folders: list[Path], most: int, rng: np.random.Generator) -> list[U8]:
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    out: list[U8] = []
    for at in rng.permutation(len(files)):
        try:
            found = decode(files[at].read_bytes(), at_least=640, limits=DecodeLimits()).rgb
        except ImageError:
            continue
        scale = min(1.0, 640 / max(found.shape))
        out.append(cv2.resize(found, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else found)
        if len(out) == most:
            break
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(arguments.seed)
    whole = pictures(arguments.folders, arguments.images, rng)
    n = len(whole)
    shown: list[tuple[str, tuple[int, ...], U8]] = [("whole", (i,), one) for i, one in enumerate(whole)]
    for share in SHARES:
        shown += [(f"cut to {share:.0%}", (i,), coded(cut(one, share, rng))) for i, one in enumerate(whole)]
    for i in range(0, n - 3, 4):
        four = [cv2.resize(one, (400, 300), interpolation=cv2.INTER_AREA) for one in whole[i : i + 4]]
        beside = np.vstack([np.hstack(four[:2]), np.hstack(four[2:])])
        shown.append(("collage of 4", tuple(range(i, i + 4)), coded(beside)))

    encoder = load_encoder("efficientnet-lite0", precision="fp32")
    prior = full_prior_of(encoder.card)
    assert prior is not None
    batches = [shown[at : at + encoder.batch] for at in range(0, len(shown), encoder.batch)]
    embedded = [encoder.embed(np.stack([prepare(rgb, encoder.card.input) for *_, rgb in batch])) for batch in batches]
    vectors = prior.whitening.apply(np.concatenate(embedded)).astype(np.float16)
    greys = [cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) for *_, rgb in shown]
    began = time.process_time()
    packed = [local_features(grey) for grey in greys]
    measured = (time.process_time() - began) / len(shown) * 1000
    began = time.process_time()
    cut_out = [panels(grey) for grey in greys]
    paneled = (time.process_time() - began) / len(shown) * 1000
    thumbs = np.stack([area_resize(grey, THUMB_SIDE, THUMB_SIDE).ravel() for grey in greys])

    def octets(places: np.ndarray) -> list[bytes]:
        return [packed[at] for at in places.tolist()]

    everything = np.arange(len(shown))
    embeddings = by_embeddings(everything, vectors, FLOOR_WHITENED, 4)
    embeddings = embeddings.take(~unlike_in_detail(embeddings.a, embeddings.b, octets))
    began = time.process_time()
    parts = by_parts(everything, octets, PARTS)
    searched = (time.process_time() - began) / len(shown) * 1000

    def cuts(places: np.ndarray) -> list[bytes | None]:
        return [cut_out[at] for at in places.tolist()]

    seams = by_panels(everything, cuts, lambda places: thumbs[places], PANELS)
    found = [set(zip(some.a.tolist(), some.b.tolist(), strict=True)) for some in (embeddings, parts, seams)]
    print(f"{n} pictures, {len(shown)} in all; share proposed by embeddings, local features, panels, any")
    for kind in dict.fromkeys(kind for kind, *_ in shown if kind != "whole"):
        pairs = [(i, at) for at, (name, of, _) in enumerate(shown) if name == kind for i in of]
        hits = np.array([[pair in some for some in found] for pair in pairs])
        print(
            f"{kind:14}{''.join(f'{share:8.3f}' for share in hits.mean(axis=0))}{hits.any(axis=1).mean():8.3f}"
            f"  of {len(pairs)}"
        )

    alone = by_embeddings(np.arange(n), vectors[:n], FLOOR_WHITENED, 4)
    passed = ~unlike_in_detail(alone.a, alone.b, octets)
    both = Proposals.join(alone.take(passed), by_parts(np.arange(n), octets, PARTS))
    print(
        f"unlike pictures alone: {len(alone) / n:.3f} pairs an image by embeddings, {passed.sum() / n:.3f} of them "
        f"pass, {len(both) / n:.3f} with those by local features"
    )
    print(
        f"core-ms an image: local features {measured:.2f} to measure, {searched:.2f} to search; "
        f"panels {paneled:.2f} to find"
    )


if __name__ == "__main__":
    main()
