"""A finished run over real pictures that tells what comparing them found, made without running the funnel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from rfdedup.features.hashes import sha256
from rfdedup.model.schemas import EVIDENCE, LINKS, VERDICTS
from rfdedup.storage.run_folder import RunFolder


def scene(seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 255, (60, 80, 3), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)


def compared_run(folder: Path, pairs: int = 3) -> RunFolder:
    """A run over real files: pairs of a picture and its half."""
    images = folder / "images"
    images.mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    proofs = []
    for number in range(pairs):
        for name, picture in (("king", scene(number)), ("half", cv2.resize(scene(number), (320, 240)))):
            file = images / f"{number}_{name}.png"
            cv2.imwrite(str(file), picture)
            data, status = file.read_bytes(), file.stat()
            rows.append(
                dict.fromkeys(VERDICTS.names)
                | {"path": file.name, "path_bytes": file.name.encode(), "root": str(images), "verdict": "keep"}
                | {"flags": [], "width": picture.shape[1], "height": picture.shape[0], "bytes": len(data)}
                | {"sha256": sha256(data), "mtime_ns": status.st_mtime_ns, "inode": status.st_ino, "device": 1}
                | {"group": number, "format": "PNG"}
            )
        king, subject = len(rows) - 2, len(rows) - 1
        rows[-1] |= {"verdict": "drop", "tier": "perceptual", "reason": "dhash+phash", "score": 1.0, "threshold": 8.0}
        rows[-1] |= {"king_row": king, "same": "copy", "king": rows[king]["path"], "king_root": str(images)}
        rows[-1] |= {"king_path_bytes": rows[king]["path_bytes"]}
        proofs.append(
            {"row": subject, "king_row": king, "same": "copy", "crowd": False, "proposed_by": "hashes"}
            | {"proposal_score": 1.0, "transform": [2.0, 0, 0, 0, 2.0, 0], "mirrored": False, "inliers": 0}
            | {"overlap": 1.0, "matched": 1.0, "changed_area": 0, "changed_share": 0.0, "side": "none"}
            | {"colour_changed": False, "resolution": 320, "reason": "edited"}
        )
    run = RunFolder.create(folder / "run")
    run.features.mkdir()
    link = [{"a": p["king_row"], "b": p["row"], "tier": "perceptual", "score": 1.0, "same": "copy"} for p in proofs]
    run.write_tables(
        pa.Table.from_pylist(rows, schema=VERDICTS),
        pa.Table.from_pylist(link, schema=LINKS),
        pa.Table.from_pylist(proofs, schema=EVIDENCE),
    )
    np.save(run.features / "rows.npy", np.full((len(rows), 3), -1, np.int32))
    run.write_info({"status": "complete", "config": {"same": "moment", "workers": 1}, "inputs": [str(images)]})
    return run
