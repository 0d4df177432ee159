"""Keypoints of a picture, and the similarity that carries those of one picture onto those of another."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rfdedup.imaging.arrays import U8, area_resize

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

KEYPOINT_SIDE: Final = 320
"""Pixels of the longer side at which keypoints are looked for; smaller pictures are enlarged, at most twice."""
MAX_KEYPOINTS: Final = 400
FEW_SIDE: Final = 160
"""Pixels at which a few are looked for first: a quarter of the time, and enough for most copies."""
FEW_KEYPOINTS: Final = 160
_CONTRAST: Final = 0.02
_RATIO: Final = 0.72
_REACH: Final = 3.0
_AFFINE_FROM: Final = 25
_SCALES: Final = (0.1, 10.0)
_SEED: Final = 1
_ROOT_SCALE: Final = 512.0
# positions are kept in sixty-fourths of a pixel: exact enough, and equal after storing
_POSITION_SCALE: Final = 64.0

# a SIFT descriptor is 4 x 4 cells of 8 orientations: in the mirror its rows are reversed and its orientations negated
_MIRRORED: Final = np.arange(128).reshape(4, 4, 8)[::-1][:, :, (-np.arange(8)) % 8].reshape(-1)

_local = threading.local()


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Up to ``MAX_KEYPOINTS`` keypoints: 132 bytes each, 53 kB at most.

    Attributes:
        width, height: pixels of the picture in which they were found.
        positions: (n, 2) uint16, sixty-fourths of a pixel from its outer corner.
        descriptors: (n, 128) uint8, square roots of SIFT histograms of sum 1, times 512.
    """

    width: int
    height: int
    positions: NDArray[np.uint16]
    descriptors: U8

    def __len__(self) -> int:
        return len(self.positions)

    def points(self) -> F32:
        """(n, 2) float32 positions in pixels."""
        return self.positions.astype(np.float32) / np.float32(_POSITION_SCALE)

    def mirrored(self) -> Keypoints:
        """Those of the picture reversed from left to right, without a second detection."""
        positions = self.positions.copy()
        positions[:, 0] = np.uint16(self.width * _POSITION_SCALE) - positions[:, 0]
        return Keypoints(self.width, self.height, positions, self.descriptors[:, _MIRRORED])

    def to_bytes(self) -> bytes:
        head = np.array([self.width, self.height], "<u2").tobytes()
        return head + self.positions.astype("<u2").tobytes() + self.descriptors.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Keypoints:
        """Raises:
        ValueError: ``data`` is not what ``to_bytes`` gives.
        """
        count, rest = divmod(len(data) - 4, 132)
        if count < 0 or rest:
            raise ValueError(f"{len(data)} bytes are no keypoints")
        width, height = np.frombuffer(data, "<u2", 2).tolist()
        positions = np.frombuffer(data, "<u2", 2 * count, 4).reshape(count, 2)
        descriptors = np.frombuffer(data, np.uint8, 128 * count, 4 + 4 * count).reshape(count, 128)
        return cls(width, height, positions.astype(np.uint16), descriptors)


def detect(grey: U8, side: int = KEYPOINT_SIDE, most: int = MAX_KEYPOINTS) -> Keypoints:
    """The ``most`` strongest keypoints of ``grey`` (h, w) uint8, reduced to ``side``."""
    height, width = grey.shape
    longer = max(height, width)
    scale = side / longer if longer >= side else min(2.0, side / longer)
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    small = (
        area_resize(grey, *size) if scale < 1 else np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR))
    )
    found, histograms = _detector(most).detectAndCompute(small, None)
    # ties of response may give more than asked for
    found = found[:most]
    if histograms is None or not found:
        return Keypoints(*size, np.zeros((0, 2), np.uint16), np.zeros((0, 128), np.uint8))
    places = np.array([point.pt for point in found], np.float64) + 0.5
    positions = np.clip(np.rint(places * _POSITION_SCALE), 0, 65535).astype(np.uint16)
    sums = np.maximum(histograms[: len(found)].sum(axis=1, keepdims=True), 1e-9)
    roots = np.sqrt(histograms[: len(found)] / sums) * _ROOT_SCALE
    return Keypoints(*size, positions, np.clip(np.rint(roots), 0, 255).astype(np.uint8))


def _detector(most: int) -> cv2.SIFT:
    # detectors keep scratch memory: one of each kind a thread
    kinds: dict[int, cv2.SIFT] = _local.__dict__.setdefault("kinds", {})
    if most not in kinds:
        kinds[most] = cv2.SIFT.create(nfeatures=most, contrastThreshold=_CONTRAST)
    return kinds[most]


def match(base: Keypoints, other: Keypoints) -> tuple[int, F64 | None]:
    """How many keypoints agree on one transform, and that transform.

    Returns:
        inliers, and (3, 3) float64 that maps pixels of ``other``'s keypoint picture to those of ``base``'s, or None.
    """
    if min(len(base), len(other)) < 4:
        return 0, None
    ours, theirs = base.descriptors.astype(np.float32), other.descriptors.astype(np.float32)
    likeness = (ours @ theirs.T) / np.float32(_ROOT_SCALE**2)
    rows = np.arange(len(base))
    nearest = likeness.argmax(axis=1)
    mutual = likeness.argmax(axis=0)[nearest] == rows
    best = likeness[rows, nearest]
    likeness[rows, nearest] = -1.0
    second = likeness.max(axis=1)
    good = np.flatnonzero(mutual & (2 - 2 * best < _RATIO * (2 - 2 * second) + 1e-6))
    if len(good) < 4:
        return 0, None
    source, target = other.points()[nearest[good]], base.points()[good]
    # the generator of RANSAC belongs to the thread: without this the pair before would decide
    cv2.setRNGSeed(_SEED)
    matrix, inside = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=_REACH, maxIters=500, confidence=0.99
    )
    if matrix is None:
        return 0, None
    inliers = int(inside.sum())
    if inliers >= _AFFINE_FROM:
        # sides may have been scaled unequally
        cv2.setRNGSeed(_SEED)
        affine, kept = cv2.estimateAffine2D(
            source, target, method=cv2.RANSAC, ransacReprojThreshold=_REACH, maxIters=500, confidence=0.99
        )
        if affine is not None and int(kept.sum()) >= inliers:
            matrix, inliers = affine, int(kept.sum())
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if not _SCALES[0] < scale < _SCALES[1]:
        return 0, None
    return inliers, np.vstack([matrix, [0.0, 0.0, 1.0]])
