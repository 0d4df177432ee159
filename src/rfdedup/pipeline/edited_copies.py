"""Edited copies of a sample of images, embedded: what true duplicates score against their originals."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.base import Encoder
from rfdedup.encoders.preprocess import InputSpec
from rfdedup.executors.base import BlockSpec
from rfdedup.executors.choice import open_executor, worker_count
from rfdedup.features.encoder_input import decode_for, write_input
from rfdedup.features.settings import limits_of
from rfdedup.imaging import DecodeLimits, decode
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import ImageError
from rfdedup.model.faults import Fault
from rfdedup.model.items import Item
from rfdedup.runtime.progress import Watch
from rfdedup.sources.reading import read_stable

KINDS = ("half", "q30", "q10", "crop10", "brighter", "grey", "watermark", "border", "rotate2", "crop", "caption")
LEAST_SIDE = 64
"""Smaller pictures are not edited: a watermark on them is the picture."""
_LONGEST = 1024

Wanted = tuple[Item, str]


@dataclass(frozen=True)
class CopyTask:
    """Read a file, edit it, encode and decode the copy, and write the encoder's input.

    The strength of an edit is drawn by the bytes of the file: no name decides a threshold.
    """

    limits: DecodeLimits
    spec: InputSpec

    def __call__(self, wanted: Wanted, out: npt.NDArray[np.uint8]) -> Fault | None:
        from rfdedup.demo.edits import STYLES, make_copy

        file, kind = wanted
        try:
            original, rgb = _original(file, self.limits)
            if min(rgb.shape[:2]) < LEAST_SIDE:
                return "too-small", f"{rgb.shape[1]}x{rgb.shape[0]} pixels"
            drawn = zlib.crc32(original, zlib.crc32(kind.encode()))
            style = STYLES[sorted(STYLES)[drawn % len(STYLES)]]
            data, _ = make_copy(kind, rgb, np.random.default_rng(drawn), style)
            write_input(decode_for(data, self.spec, self.limits), self.spec, out)
        except ImageError as error:
            return error.kind, error.detail
        return None


@lru_cache(maxsize=1)
def _original(file: Item, limits: DecodeLimits) -> tuple[bytes, npt.NDArray[np.uint8]]:
    """Bytes and pixels of a file, read-only, kept while its copies are made one after the other.

    Raises:
        ImageError: it cannot be read or decoded.
    """
    data = read_stable(file, limits)
    rgb = decode(data, longest=_LONGEST, limits=limits).rgb
    rgb.flags.writeable = False
    return data, rgb


def embed_copies(
    files: Sequence[Item], encoder: Encoder, config: RunConfig, watch: Watch, kinds: Sequence[str] = KINDS
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Embed one copy of every kind of each file; those that cannot be made are left out.

    Returns:
        positions in ``files`` and in ``kinds``, (m,) int64 each, and embeddings (m, dim) float32, in that order.
    """
    spec = encoder.card.input
    wanted = [(file, kind) for file in files for kind in kinds]
    block = BlockSpec(encoder.batch, spec.height, spec.width, count=2 * worker_count(config) + 2)
    vectors = np.zeros((len(wanted), encoder.dim), np.float32)
    made = np.zeros(len(wanted), np.bool_)
    chunks = ((start, wanted[start : start + encoder.batch]) for start in range(0, len(wanted), encoder.batch))
    task = CopyTask(limits_of(config), spec)
    with watch.stage("copies", len(wanted)), open_executor(config) as executor:
        for done in executor.run(task, chunks, items=len(wanted), block=block):
            good = np.array([i for i, result in enumerate(done.results) if result is None], np.int64)
            if done.block is not None and len(good):
                vectors[done.tag + good] = encoder.embed(done.block[good])
                made[done.tag + good] = True
            done.release()
            watch.advance(len(done.results))
        watch.worker_peak = max(watch.worker_peak, executor.peak_rss_bytes)
    at = np.flatnonzero(made)
    return at // len(kinds), at % len(kinds), vectors[at]
