"""Pass 1 over one file: bytes in, every tier-1 and tier-2 measurement out, from one decode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import simplejpeg

from rfdedup.features import hashes, information, light_and_detail
from rfdedup.features.local_features import local_features
from rfdedup.features.panels import panels
from rfdedup.imaging import DecodeLimits, Picture, decode, fit
from rfdedup.imaging.arrays import U8
from rfdedup.imaging.metadata import said

LONGEST: Final = 640
"""Longer side, pixels, at which pictures are measured, so that one threshold serves all resolutions."""
PREVIEW_SIDE: Final = 160
SOFT: Final = 500.0
"""Sharpness from which on nobody calls a picture blurry, so its sharpest part and structure are not looked at."""
_PREVIEW_QUALITY: Final = 75
_MOST_FRAMES: Final = 2**31 - 1
"""A file may announce more than a column of 32 bits holds."""
_ENTROPY_ROWS: Final = 80
"""Entropy is taken over every n-th row, of which at least this many are left."""


_Octets = bytes  # the name of a field below hides that of the type


@dataclass(frozen=True)
class Measurement:
    """Measured columns of ``schemas.FEATURES``, by the same names, and a preview for the report.

    ``width`` and ``height`` are those of the whole upright picture; ``seen`` is the longer side of the reduction on
    which ``detail``, ``content`` and ``fineness`` were measured. ``thumb`` is 16 x 16 RGB; ``preview`` a JPEG of at
    most 160 pixels; ``flags`` are those of ``imaging.FLAGS`` and ``label_map``, thresholds are not applied here.
    ``frames`` are all that the file has, ``frame_hashes`` their content in order (see ``imaging.same_frames``); None
    for stills and where they are too many.
    """

    width: int
    height: int
    bytes: int
    format: str
    flags: tuple[str, ...]
    sha256: str
    dhash: int
    phash: int
    sharpness: float
    brightness: float
    contrast: float
    entropy: float
    colorfulness: float
    detail: float
    content: float
    fineness: float
    seen: int
    local_sharpness: float
    jpeg_quality: float | None
    thumb: _Octets
    preview: _Octets
    light: int
    shade: int
    texture: float | None
    crispness: float | None
    metadata: int
    orientation: int
    frames: int = 1
    frame_hashes: _Octets | None = None
    local_features: _Octets | None = None
    panels: _Octets | None = None


def measure(data: bytes, *, scale: str = "640", limits: DecodeLimits | None = None) -> Measurement:
    """Decode once and measure.

    Everything but ``detail`` is measured after reduction to 640 pixels, which is ``scale="640"``; ``"native"`` measures
    sharpness at full resolution, at the price of a full decode.

    Raises:
        ImageError: see ``imaging.decode``.
    """
    return measure_picture(data, decode(data, at_least=at_least(scale), limits=limits), scale=scale)[0]


def at_least(scale: str) -> int | None:
    """Longer side that a decode must leave for ``measure``."""
    return None if scale == "native" else LONGEST


def measure_picture(
    data: bytes, picture: Picture, *, scale: str = "640", parts: bool = False
) -> tuple[Measurement, U8]:
    """``measure`` of a picture that was decoded from ``data`` with ``at_least(scale)``, and its grey levels.

    ``parts`` asks for what finds parts of pictures again as well: local features and panels.
    """
    # what reads the colours comes first, while they are in the cache
    small = _small(picture)
    whole = picture.grey()
    grey = fit(whole, LONGEST, (picture.width, picture.height))
    brightness, contrast, sharpness = light_and_detail.light_and_sharpness(grey)
    soft = sharpness < SOFT
    looked_at = whole if scale == "native" else grey
    if looked_at is not grey:
        *_, sharpness = light_and_detail.light_and_sharpness(looked_at)
    dhash, phash = hashes.hashes(grey)
    inside, content = light_and_detail.inside_borders(whole)
    rings = light_and_detail.spectrum(inside)
    shade, light = information.extent(grey)
    # the edge of a border is sharp whatever it surrounds
    shown = grey if inside.shape == whole.shape else fit(np.ascontiguousarray(inside), LONGEST)
    texture, crispness = information.structure(shown) if soft else (None, None)
    about = said(data, picture.format)
    labels = information.is_label_map(whole, light, lossless=about.lossless, single=about.single_channel)
    measured = Measurement(
        width=picture.width,
        height=picture.height,
        bytes=len(data),
        format=picture.format,
        flags=(*picture.flags, "label_map") if labels else picture.flags,
        sha256=hashes.sha256(data),
        dhash=dhash,
        phash=phash,
        sharpness=sharpness,
        # only a soft picture needs the second look
        local_sharpness=light_and_detail.local_sharpness(looked_at) if sharpness < SOFT else sharpness,
        brightness=brightness,
        contrast=contrast,
        entropy=light_and_detail.entropy(grey[:: max(1, grey.shape[0] // _ENTROPY_ROWS)]),
        colorfulness=light_and_detail.colorfulness(small),
        detail=light_and_detail.detail(rings, picture.width, picture.height, content),
        content=content,
        fineness=light_and_detail.fineness(rings),
        seen=max(whole.shape),
        jpeg_quality=picture.jpeg_quality,
        thumb=hashes.thumb(small),
        preview=simplejpeg.encode_jpeg(small, quality=_PREVIEW_QUALITY, colorsubsampling="420"),
        frames=min(picture.frames.count, _MOST_FRAMES),
        frame_hashes=picture.frames.codes or None,
        light=light,
        shade=shade,
        texture=texture,
        crispness=crispness,
        metadata=int(about.says),
        orientation=about.orientation,
        local_features=local_features(grey) if parts else None,
        panels=panels(grey) if parts else None,
    )
    return measured, whole


def _small(picture: Picture) -> U8:
    """The picture at 160 pixels. Halving an even side first is the same average, and several times as fast."""
    height, width = picture.rgb.shape[:2]
    halves = height % 2 == 0 and width % 2 == 0 and max(height, width) >= 2 * PREVIEW_SIDE
    return fit(picture.half if halves else picture.rgb, PREVIEW_SIDE)
