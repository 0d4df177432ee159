"""How a planted set is resampled and encoded."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Random = np.random.Generator
Format = Literal["jpg", "png", "webp"]
Edit = Callable[[Pixels, Random, "Style"], Pixels]


@dataclass(frozen=True)
class Style:
    """One way of making the edits: how images are resampled and encoded, and how far amounts stray.

    ``shrink`` and ``grow`` are Pillow filters or OpenCV interpolation codes, after ``library``.
    ``strict`` amounts are the round numbers that give the kinds their names; otherwise they vary around them.
    ``special`` edits take the place of the common ones of their kind.
    """

    name: str
    library: Literal["pillow", "opencv"]
    shrink: int
    grow: int
    quality: tuple[int, int]
    chroma: Literal["420", "444"]
    strict: bool
    progressive: bool = False
    special: Mapping[str, Edit] = field(default_factory=dict)

    def resize(self, image: Pixels, width: int, height: int) -> Pixels:
        size = (max(1, width), max(1, height))
        how = self.shrink if width < image.shape[1] else self.grow
        if self.library == "opencv":
            return np.asarray(cv2.resize(image, size, interpolation=how), dtype=np.uint8)
        return np.asarray(Image.fromarray(image).resize(size, Image.Resampling(how)))

    def encode(self, image: Pixels, quality: int, form: Format = "jpg", orientation: int = 1) -> bytes:
        """File bytes of ``image``. Only the Pillow encoder writes an EXIF orientation."""
        if self.library == "opencv" and orientation == 1:
            settings = {
                "jpg": [
                    cv2.IMWRITE_JPEG_QUALITY,
                    quality,
                    cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
                    cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
                    if self.chroma == "444"
                    else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
                ],
                "png": [],
                "webp": [cv2.IMWRITE_WEBP_QUALITY, quality],
            }[form]
            _, data = cv2.imencode(f".{form}", image if image.ndim == 2 else image[:, :, ::-1], settings)
            return data.tobytes()
        picture, out = Image.fromarray(image), io.BytesIO()
        if form != "jpg":
            picture.save(out, form.upper(), quality=quality)
            return out.getvalue()
        exif = Image.Exif()
        if orientation != 1:
            exif[0x0112] = orientation
        subsampling = 0 if self.chroma == "444" or image.ndim == 2 else 2
        picture.save(out, "JPEG", quality=quality, subsampling=subsampling, progressive=self.progressive, exif=exif)
        return out.getvalue()

    def amount(self, rng: Random, round_number: float, low: float, high: float) -> float:
        """The round number in strict styles, else a draw from the range around it."""
        return round_number if self.strict else float(rng.uniform(low, high))
