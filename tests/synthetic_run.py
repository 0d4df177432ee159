"""Finished run folders of any size with invented tables, for tests that need a run but no images."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.model.schemas import EVIDENCE, LINKS, VERDICTS
from rfdedup.model.text import path_text
from rfdedup.storage.files import sha256_file
from rfdedup.storage.run_folder import RunFolder

SEMANTIC_THRESHOLD = 0.60
HASH_RADIUS = 8
BLURRY, DARK, BRIGHT = 50.0, 10.0, 220.0
SHARD_ROWS = 4096

_KINDS = ("exact", "perceptual", "semantic", "semantic")
_REASONS = {"exact": "sha256", "perceptual": "dhash+phash", "semantic": "cosine"}
_ERRORS = (("truncated", "the data ends early"), ("empty", "0 bytes"), ("not-an-image", "starts with %PDF"))


def make_run(
    path: Path,
    *,
    groups: int = 12,
    alone: int = 20,
    poor: int = 9,
    broken: int = 3,
    names: dict[int, bytes] | None = None,
    features: bool = False,
    root: str = "/pictures",
    seed: int = 0,
    same: str | None = None,
) -> RunFolder:
    """Write a run: each group has a king and one to four subjects; ``names`` replaces the paths of given rows.

    With ``same`` (copy, moment or meaning) it is one of today's; else one of a version that compared no pictures.
    With ``features`` there are places, one preview for all rows and random embeddings for those that are not poor.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    links: list[tuple[int, int, str, float]] = []

    def add(verdict: str, **more: Any) -> int:
        number = len(rows)
        raw = (names or {}).get(number, f"album_{number % 7}/photo {number:06d}.jpg".encode())
        rows.append(_row(number, raw, verdict, rng) | {"root": root} | more)
        return number

    proofs: list[dict[str, Any]] = []
    for group in range(groups):
        king = add("keep", group=group)
        for _ in range(int(rng.integers(1, 5))):
            tier = _KINDS[int(rng.integers(len(_KINDS)))]
            score, threshold = _measured(tier, rng)
            subject = add(
                "drop",
                group=group,
                tier=tier,
                reason=_REASONS[tier],
                score=score,
                threshold=threshold,
                king=rows[king]["path"],
                king_root=rows[king]["root"],
                king_path_bytes=rows[king]["path_bytes"],
                **({"sha256": rows[king]["sha256"]} if tier == "exact" else {}),
            )
            links.append((king, subject, tier, score))
            if same is not None:
                kind = "copy" if tier == "exact" else same if same != "moment" or subject % 3 else "copy"
                rows[subject] |= {"king_row": king, "same": kind}
                if same != "meaning" and tier != "exact":
                    proofs.append(_proof(subject, king, kind, tier, score, rng))
    for _ in range(alone):
        add("keep")
    for i in range(poor):
        reason = ("blurry", "dark", "bright")[i % 3]
        score = {"blurry": rng.uniform(1, BLURRY), "dark": rng.uniform(0, DARK), "bright": rng.uniform(BRIGHT, 255)}
        bound = {"blurry": BLURRY, "dark": DARK, "bright": BRIGHT}[reason]
        add("drop", tier="quality", reason=reason, score=float(score[reason]), threshold=bound)
    for i in range(broken):
        kind, detail = _ERRORS[i % len(_ERRORS)]
        add("error", reason=kind, error_detail=detail, width=None, height=None, sharpness=None, brightness=None)
    if same in (None, "meaning"):
        below = rng.integers(0, len(rows), (groups, 2))
        links += [(int(a), int(b), "semantic", float(rng.uniform(0.4, SEMANTIC_THRESHOLD))) for a, b in below if a < b]

    folder = RunFolder.create(path)
    kinds = [None if same is None else rows[max(a, b)]["same"] or same for a, b, _, _ in links]
    whole = [dict(zip(LINKS.names, (*link, kind), strict=True)) for link, kind in zip(links, kinds, strict=True)]
    folder.write_tables(
        pa.Table.from_pylist(rows, schema=VERDICTS),
        pa.Table.from_pylist(whole, schema=LINKS),
        pa.Table.from_pylist(proofs, schema=EVIDENCE),
    )
    if features:
        _write_features(folder, rows, rng)
    info = _info(len(rows))
    if same is not None:
        info["config"] |= {"same": same}
    folder.write_info(info)
    return folder


def _proof(subject: int, king: int, kind: str, tier: str, score: float, rng: np.random.Generator) -> dict[str, Any]:
    overlaid = subject % 5 == 0
    return {
        "row": subject,
        "king_row": king,
        "same": kind,
        "crowd": False,
        "proposed_by": "hashes" if tier == "perceptual" else "embeddings",
        "proposal_score": score,
        "transform": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "mirrored": False,
        "inliers": int(rng.integers(0, 200)),
        "overlap": float(rng.uniform(0.6, 1.0)),
        "matched": 0.9 if overlaid else 1.0,
        "changed_area": 900 if overlaid else 0,
        "changed_share": 0.02 if overlaid else 0.0,
        "side": "subject" if overlaid else "none",
        "colour_changed": False,
        "resolution": 640,
        "reason": "overlay" if overlaid else "unchanged",
    }


def _write_features(folder: RunFolder, rows: list[dict[str, Any]], rng: np.random.Generator) -> None:
    folder.features.mkdir()
    n = len(rows)
    order = sorted(range(n), key=lambda row: (rows[row]["verdict"] != "keep", row))
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n)
    shard, at = np.divmod(np.arange(n), SHARD_ROWS)
    np.save(folder.features / "rows.npy", np.stack([shard, at, rank], axis=1).astype(np.int32))
    preview = previews(np.array([0]))[0]
    for start in range(0, n, SHARD_ROWS):
        some, number = rows[start : start + SHARD_ROWS], f"{start // SHARD_ROWS:04d}"
        embedded = np.array([row["verdict"] != "error" and row["tier"] != "quality" for row in some])
        vectors = rng.normal(size=(len(some), 8)) * embedded[:, None]
        np.save(folder.features / f"img_emb_{number}.npy", vectors.astype(np.float16))
        digest = sha256_file(folder.features / f"img_emb_{number}.npy")
        marker = {"embedding_key": "test/fp32", "img_emb": digest}
        (folder.features / f"shard_{number}.json").write_text(json.dumps(marker))
        column = pa.array([preview if row["verdict"] != "error" else None for row in some], pa.binary())
        pq.write_table(pa.table({"preview": column}), folder.features / f"preview_{number}.parquet", row_group_size=256)


def _row(number: int, raw: bytes, verdict: str, rng: np.random.Generator) -> dict[str, Any]:
    return dict.fromkeys(VERDICTS.names) | {
        "path": path_text(os.fsdecode(raw)),
        "path_bytes": raw,
        "verdict": verdict,
        "flags": ["grayscale"] if number % 11 == 0 else [],
        "width": 640,
        "height": 480,
        "bytes": int(rng.integers(20_000, 400_000)),
        "format": "JPEG",
        "sha256": f"{number:064x}",
        "dhash": f"{number:016x}",
        "phash": f"{number:016x}",
        "sharpness": float(rng.lognormal(6, 1)),
        "brightness": float(np.clip(rng.normal(120, 40), 0, 255)),
        "detail": 1.0,
        "mtime_ns": 1_700_000_000_000_000_000 + number,
        "inode": number,
        "device": 1,
    }


def _measured(tier: str, rng: np.random.Generator) -> tuple[float, float]:
    if tier == "exact":
        return 1.0, 1.0
    if tier == "perceptual":
        return float(rng.integers(0, HASH_RADIUS + 1)), float(HASH_RADIUS)
    return float(rng.uniform(SEMANTIC_THRESHOLD, 1.0)), SEMANTIC_THRESHOLD


def _info(images: int) -> dict[str, Any]:
    return {
        "version": "0.1.0",
        "status": "complete",
        "command": ["rfdedup", "run", "/pictures", "--out", "run"],
        "created": "2025-01-02T03:04:05+00:00",
        "finished": "2025-01-02T03:05:05+00:00",
        "config": {
            "tiers": ["quality", "hash", "semantic"],
            "quality": {"rule": "classic", "blurry": BLURRY, "dark": DARK, "bright": BRIGHT},
            "hash": {"radius": HASH_RADIUS, "exact": True, "perceptual": True},
        },
        "encoder": {
            "name": "efficientnet-lite0",
            "descriptor": "raw",
            "key": "test",
            "precision": "fp32",
            "threshold": SEMANTIC_THRESHOLD,
            "weights_sha256": "ab" * 32,
        },
        "scan": {"files": images, "hidden": 2},
        "stages": [{"name": "quality + hash", "images": images, "seconds": 2.0, "images_per_second": images / 2}],
        "peak_rss_bytes": {"main": 500_000_000, "worker": 90_000_000},
    }


def previews(rows: npt.NDArray[np.int64]) -> list[bytes | None]:
    """A small JPEG of one colour and grain for each row, of the size that real previews have."""
    import cv2

    out: list[bytes | None] = []
    for row in rows.tolist():
        rng = np.random.default_rng(row)
        base = np.empty((120, 160, 3), np.float32)
        base[:] = rng.integers(30, 225, 3)
        noise = cv2.resize(rng.normal(0, 26, (40, 54, 3)).astype(np.float32), (160, 120))
        picture = (base + noise).clip(0, 255).astype(np.uint8)
        out.append(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes())
    return out
