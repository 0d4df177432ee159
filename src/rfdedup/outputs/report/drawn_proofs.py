"""Small pictures that show a proof: subject and king laid over each other, and what changed between them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.comparison import VIEW_SIDE, ChangeLimits, View, change_map, make_view
from rfdedup.executors.choice import open_executor
from rfdedup.features.hashes import sha256
from rfdedup.features.settings import limits_of
from rfdedup.imaging import DecodeLimits, decode
from rfdedup.imaging.arrays import U8
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import ImageError, RunFolderError
from rfdedup.model.faults import Fault
from rfdedup.model.items import Item
from rfdedup.model.schemas import TABLE_ERRORS
from rfdedup.outputs.apply.names import check_relative, root_path
from rfdedup.sources.finding import PLACE_COLUMNS, look_at, member_at
from rfdedup.sources.reading import read_stable
from rfdedup.stages.compare import change_limits, comparison_key
from rfdedup.storage.files import atomic_write
from rfdedup.storage.run_folder import RunFolder
from rfdedup.storage.tables import open_table

PROOFS_FILE: Final = "proof_pictures.parquet"
SIDE: Final = 256
"""Pixels of the longer side of a picture on the report."""
VERSION: Final = 1
"""Raise when the pictures are drawn in another way."""
_QUALITY: Final = 80
_CHUNK: Final = 2
_MARK: Final = (255, 64, 0)
_SCHEMA: Final = pa.schema(
    [(name, pa.string()) for name in ("subject", "king")] + [(name, pa.binary()) for name in ("overlay", "change")]
)

Proof = tuple[bytes, bytes]
"""The overlay and the change map of a pair as JPEGs."""
Pair = tuple[str, str]
"""SHA-256 of the subject and of the king."""
Proofs = Callable[[Sequence[int]], dict[int, Proof]]
"""Gives the proof pictures of drops by their rows, as far as they can be had; the first ones first."""


@dataclass(frozen=True)
class ProofLimits:
    """How many drops of a report get pictures, and what these may cost."""

    drops: int = 200
    seconds: float = 20.0
    bytes_: int = 4 << 20


def draw(subject: View, king: View, bounds: ChangeLimits, side: int = SIDE) -> Proof:
    """Both pictures mixed half and half, and a pale picture with what changed in colour, at most ``side`` pixels."""
    mine, theirs, changed = change_map(subject, king, bounds)
    height, width = mine.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    mixed = cv2.addWeighted(mine, 0.5, theirs, 0.5, 0.0)
    pale = np.repeat((96 + cv2.cvtColor(mine, cv2.COLOR_RGB2GRAY) * 0.45).astype(np.uint8)[..., None], 3, axis=2)
    # the least change is still seen when the picture is small
    reach = max(1, round(1 / scale))
    seen = cv2.dilate(changed, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    small = cv2.resize(pale, size, interpolation=cv2.INTER_AREA)
    marked = cv2.resize(seen, size, interpolation=cv2.INTER_AREA) > 127
    colour = np.array(_MARK, np.float32)
    small[marked] = (0.35 * small[marked] + 0.65 * colour).astype(np.uint8)
    return jpeg(cv2.resize(mixed, size, interpolation=cv2.INTER_AREA)), jpeg(small)


def jpeg(rgb: Any) -> bytes:
    """A picture (h, w, 3) uint8 as JPEG."""
    pixels: U8 = np.ascontiguousarray(rgb, np.uint8)
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not ok:
        raise ImageError("corrupt", "the picture cannot be encoded")
    return bytes(data.tobytes())


def view_of_bytes(data: bytes, limits: DecodeLimits) -> View:
    """The view of a picture by which it is compared.

    Raises:
        ImageError: it cannot be decoded.
    """
    picture = decode(data, at_least=VIEW_SIDE, limits=limits)
    return make_view(picture.rgb, picture.width, picture.height, picture.jpeg_quality)


@dataclass(frozen=True)
class DrawTask:
    """Read both files of a pair again and draw them, if they hold what the run read."""

    limits: DecodeLimits
    bounds: ChangeLimits

    def __call__(self, wanted: tuple[Pair, tuple[Item, Item]]) -> Proof | Fault:
        digests, pair = wanted
        try:
            contents = [read_stable(file, self.limits) for file in pair]
            if [sha256(data) for data in contents] != list(digests):
                return "changed", "its bytes are not those that the run read"
            subject, king = (view_of_bytes(data, self.limits) for data in contents)
            return draw(subject, king, self.bounds)
        except ImageError as error:
            return error.kind, error.detail


def proof_pictures(
    folder: RunFolder, config: RunConfig, rows: Sequence[int], bounds: ProofLimits | None = None
) -> dict[int, Proof]:
    """The proof pictures of some drops that were compared, drawn by workers and remembered in ``RUN/features``.

    Those that are remembered need no files. What would take longer than the bounds allow, and what cannot be read, is
    left out.

    Args:
        folder: a finished run; the caller holds its lock.
        config: that of the run.
        rows: of the verdicts, those that matter most first.
        bounds: what the pictures may cost.
    """
    allowed = bounds or ProofLimits()
    evidence = folder.evidence()
    verdicts = folder.verdicts().select(["root", "path_bytes", "sha256", *PLACE_COLUMNS])
    king_of = dict(zip(evidence["row"].to_pylist(), evidence["king_row"].to_pylist(), strict=True))
    chosen = [row for row in rows if row in king_of][: allowed.drops]
    if not chosen:
        return {}
    facts = verdicts.take(pa.array([*chosen, *(king_of[row] for row in chosen)])).to_pylist()
    mine, theirs = facts[: len(chosen)], facts[len(chosen) :]
    pairs: list[Pair] = [(one["sha256"], other["sha256"]) for one, other in zip(mine, theirs, strict=True)]
    memory = _Memory(folder.features / PROOFS_FILE, f"{comparison_key(config)} drawn {VERSION} {SIDE}")
    wanted: dict[Pair, tuple[Item, Item]] = {}
    for pair, one, other in zip(pairs, mine, theirs, strict=True):
        if pair not in memory.known and pair not in wanted and all(pair):
            found = [_file_of(image) for image in (one, other)]
            if found[0] is not None and found[1] is not None:
                wanted[pair] = found[0], found[1]
    fresh = dict(_drawn(wanted, config, allowed.seconds)) if wanted else {}
    out: dict[int, Proof] = {}
    used = 0
    for row, pair in zip(chosen, pairs, strict=True):
        proof = memory.known.get(pair) or fresh.get(pair)
        if proof is not None and used + sum(map(len, proof)) <= allowed.bytes_:
            used += sum(map(len, proof))
            out[row] = proof
    if fresh:
        # pictures of pairs that no page shows any more are let go
        memory.keep({pair: proof for pair in pairs if (proof := memory.known.get(pair) or fresh.get(pair))})
    return out


def _file_of(image: dict[str, Any]) -> Item | None:
    """Where a file of the run lies; None where it is away, or its name would lead out of its folder."""
    try:
        name = check_relative(image["path_bytes"], "verdicts.parquet")
    except RunFolderError:
        return None
    root = root_path(image["root"].encode())
    return member_at(root, name, image) or look_at(root, name).file


def _drawn(wanted: dict[Pair, tuple[Item, Item]], config: RunConfig, seconds: float) -> Iterator[tuple[Pair, Proof]]:
    end = time.monotonic() + seconds
    items = list(wanted.items())

    def chunks() -> Iterator[tuple[list[Pair], list[tuple[Pair, tuple[Item, Item]]]]]:
        for begin in range(0, len(items), _CHUNK):
            if time.monotonic() > end:
                return
            part = items[begin : begin + _CHUNK]
            yield [pair for pair, _ in part], part

    task = DrawTask(limits_of(config), change_limits(config))
    with open_executor(config) as executor:
        for done in executor.run(task, chunks(), items=len(items)):
            for pair, result in zip(done.tag, done.results, strict=True):
                # a fault, or a file that a worker died of, has no pictures
                if isinstance(result, tuple) and isinstance(result[0], bytes):
                    yield pair, result


class _Memory:
    """Pictures of pairs by the content of both, in one file with a checksum."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key.encode()
        self.known: dict[Pair, Proof] = {}
        try:
            with open_table(path) as file:
                table = file.read()
        except TABLE_ERRORS:
            # nothing remembered, or damaged: drawn again
            return
        facts = table.schema.metadata or {}
        plain = table.replace_schema_metadata(None)
        if plain.schema.equals(_SCHEMA) and facts.get(b"key") == self._key:
            rows = plain.to_pylist()
            if facts.get(b"checksum") == _checksum(rows):
                self.known = {(row["subject"], row["king"]): (row["overlay"], row["change"]) for row in rows}

    def keep(self, proofs: dict[Pair, Proof]) -> None:
        """Replace what is remembered. A folder that cannot be written draws again next time."""
        rows = [
            {"subject": pair[0], "king": pair[1], "overlay": proof[0], "change": proof[1]}
            for pair, proof in proofs.items()
        ]
        table = pa.Table.from_pylist(rows, schema=_SCHEMA)
        whole = table.replace_schema_metadata({b"key": self._key, b"checksum": _checksum(rows)})
        try:
            with atomic_write(self._path) as stream:
                pq.write_table(whole, stream, compression="none")
        except RunFolderError:
            return


def _checksum(rows: list[dict[str, Any]]) -> bytes:
    digest = hashlib.sha256()
    for row in rows:
        for value in (row["subject"], row["king"], row["overlay"], row["change"]):
            data = value.encode() if isinstance(value, str) else value or b""
            digest.update(f"{len(data)} ".encode() + data)
    return digest.hexdigest().encode()
