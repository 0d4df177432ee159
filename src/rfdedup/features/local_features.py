"""Local features of a picture: small enough to keep for every image, telling enough to find a part of it again.

Global descriptors do not find a quarter of a picture, or a picture inside a collage; these do, and they tell most
pictures that only look alike apart before anything is decoded again.
"""

from __future__ import annotations

import threading
from typing import Final

import cv2
import numpy as np

from rfdedup.imaging import fit
from rfdedup.imaging.arrays import U8
from rfdedup.model.constants import LOCAL_FEATURE_BYTES, LOCAL_FEATURES

SIDE: Final = 128
"""Longer side, pixels, at which they are looked for: 4 ms an image, and half as much again finds 1 % more."""
_DETECTED: Final = 128
_CONTRAST: Final = 0.02
_SCALE: Final = 400.0
"""Square roots of histograms of sum 1, times this, fill 8 bits."""
_SIZE_STEPS: Final = 16
"""Steps of a doubling in which the size of a keypoint is kept."""

_local = threading.local()


def local_features(grey: U8) -> bytes:
    """The strongest SIFT keypoints of a picture (Lowe 2004), with RootSIFT descriptors (Arandjelovic 2012).

    A descriptor of 4 x 4 cells is summed to 2 x 2, 32 values: it finds as many crops and collages as the whole one.

    Args:
        grey: (h, w) uint8.

    Returns:
        ``LOCAL_FEATURE_BYTES`` for each of at most ``LOCAL_FEATURES``, the strongest first: x and y in half pixels of
        the picture at ``SIDE``, the size in sixteenths of an octave, the angle in 256ths of a turn, the descriptor.
    """
    points, descriptors = _detector().detectAndCompute(fit(grey, SIDE), None)
    if descriptors is None:
        return b""
    place = np.array([(p.pt[0], p.pt[1], p.size, p.angle, p.response) for p in points], np.float64)
    order = np.lexsort((place[:, 3], place[:, 2], place[:, 1], place[:, 0], -place[:, 4]))[:LOCAL_FEATURES]
    place, cells = place[order], descriptors[order].reshape(-1, 2, 2, 2, 2, 8).sum(axis=(2, 4)).reshape(-1, 32)
    root = np.sqrt(cells / np.maximum(cells.sum(axis=1, keepdims=True), 1.0))
    out = np.empty((len(order), LOCAL_FEATURE_BYTES), np.uint8)
    out[:, :2] = np.clip(np.round(place[:, :2] * 2), 0, 255)
    out[:, 2] = np.clip(np.round(np.log2(np.maximum(place[:, 2], 1.0)) * _SIZE_STEPS), 0, 255)
    out[:, 3] = np.round(place[:, 3] * 256 / 360).astype(np.int64) % 256
    out[:, 4:] = np.clip(np.round(root * _SCALE), 0, 255)
    return out.tobytes()


def _detector() -> cv2.SIFT:
    # detectors keep scratch memory: one a thread
    if not hasattr(_local, "sift"):
        _local.sift = cv2.SIFT.create(nfeatures=_DETECTED, contrastThreshold=_CONTRAST)
    found: cv2.SIFT = _local.sift
    return found
