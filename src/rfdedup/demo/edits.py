"""The edits that turn a photo into a near-duplicate or into junk, in three styles.

Every edit takes an (H, W, 3) uint8 RGB array and a random generator and returns an RGB or (H, W) grey array.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from rfdedup.demo.style import Edit, Format, Pixels, Random, Style


def _clip(image: npt.NDArray[np.floating]) -> Pixels:
    clipped: Pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return clipped


def _same(image: Pixels, _rng: Random, _style: Style) -> Pixels:
    return image


def _scaled(image: Pixels, factor: float, style: Style) -> Pixels:
    height, width = image.shape[:2]
    return style.resize(image, round(width * factor), round(height * factor))


def _half(image: Pixels, rng: Random, style: Style) -> Pixels:
    return _scaled(image, style.amount(rng, 0.5, 0.42, 0.58), style)


def _upscale(image: Pixels, rng: Random, style: Style) -> Pixels:
    return _scaled(image, style.amount(rng, 1.5, 1.25, 1.9), style)


def _cut(image: Pixels, rng: Random, off_width: float, off_height: float) -> Pixels:
    height, width = image.shape[:2]
    keep_w, keep_h = round(width * (1 - off_width)), round(height * (1 - off_height))
    left = int(rng.integers(0, width - keep_w + 1))
    top = int(rng.integers(0, height - keep_h + 1))
    return image[top : top + keep_h, left : left + keep_w].copy()


def _crop10(image: Pixels, rng: Random, style: Style) -> Pixels:
    return _cut(image, rng, style.amount(rng, 0.1, 0.07, 0.12), style.amount(rng, 0.1, 0.07, 0.12))


def _crop(image: Pixels, rng: Random, _style: Style) -> Pixels:
    off = float(rng.uniform(0.14, 0.22))
    return _cut(image, rng, off, off)


def _crop_one_side(image: Pixels, rng: Random, _style: Style) -> Pixels:
    off = float(rng.uniform(0.15, 0.25))
    return _cut(image, rng, off, 0.0) if rng.random() < 0.5 else _cut(image, rng, 0.0, off)


def _crop_and_resize(image: Pixels, rng: Random, style: Style) -> Pixels:
    height, width = image.shape[:2]
    return style.resize(_crop(image, rng, style), width, height)


def _brighter(image: Pixels, rng: Random, style: Style) -> Pixels:
    return _clip(image * np.float32(style.amount(rng, 1.2, 1.12, 1.28)))


def _brighter_by_offset(image: Pixels, rng: Random, _style: Style) -> Pixels:
    return _clip(image + np.float32(rng.uniform(22, 38)))


def _brighter_by_value(image: Pixels, rng: Random, _style: Style) -> Pixels:
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 2] *= rng.uniform(1.15, 1.25)
    return np.asarray(cv2.cvtColor(_clip(hsv), cv2.COLOR_HSV2RGB), dtype=np.uint8)


def _darker(image: Pixels, rng: Random, style: Style) -> Pixels:
    return _clip(image * np.float32(style.amount(rng, 0.75, 0.65, 0.85)))


def _contrast(image: Pixels, rng: Random, _style: Style) -> Pixels:
    factor = rng.uniform(1.2, 1.45) if rng.random() < 0.5 else rng.uniform(0.65, 0.8)
    middle = float(image.mean())
    return _clip((image - np.float32(middle)) * np.float32(factor) + np.float32(middle))


def _gamma(image: Pixels, rng: Random, _style: Style) -> Pixels:
    power = rng.uniform(0.7, 0.85) if rng.random() < 0.5 else rng.uniform(1.2, 1.45)
    return np.asarray(_clip(255 * (np.arange(256) / 255) ** power)[image], dtype=np.uint8)


def _saturation(image: Pixels, rng: Random, _style: Style) -> Pixels:
    factor = rng.uniform(0.3, 0.6) if rng.random() < 0.5 else rng.uniform(1.3, 1.7)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    return _clip(grey + (image - grey) * np.float32(factor))


def _grey(image: Pixels, _rng: Random, _style: Style) -> Pixels:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _grey_by_mean(image: Pixels, _rng: Random, _style: Style) -> Pixels:
    return np.repeat(_clip(image.mean(axis=2))[..., None], 3, axis=2)


def _noise(image: Pixels, rng: Random, style: Style) -> Pixels:
    sigma = np.float32(style.amount(rng, 8, 5, 11))
    return _clip(image + sigma * rng.standard_normal(image.shape, dtype=np.float32))


def _blur_light(image: Pixels, rng: Random, style: Style) -> Pixels:
    sigma = style.amount(rng, 1.0, 0.7, 1.2) * max(image.shape) / 640
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.uint8)


def _flip(image: Pixels, _rng: Random, _style: Style) -> Pixels:
    return image[:, ::-1].copy()


def _text_mask(size: tuple[int, int], text: str, height: float, at: tuple[float, float]) -> Pixels:
    """(H, W) coverage of ``text``, ``height`` and ``at`` (left, top) as shares of the image."""
    mask = Image.new("L", size, 0)
    font = ImageFont.load_default(size=max(8, round(size[1] * height)))
    ImageDraw.Draw(mask).text((size[0] * at[0], size[1] * at[1]), text, fill=255, font=font)
    return np.asarray(mask)


def _blend(image: Pixels, mask: Pixels, colour: float, opacity: float) -> Pixels:
    share = (mask.astype(np.float32) * np.float32(opacity / 255))[..., None]
    return _clip(image * (1 - share) + np.float32(colour) * share)


def _watermark_text(image: Pixels, rng: Random, _style: Style) -> Pixels:
    height, width = image.shape[:2]
    at = (float(rng.uniform(0.03, 0.3)), float(rng.uniform(0.1, 0.8)))
    mask = _text_mask((width, height), "SAMPLE photo", float(rng.uniform(0.08, 0.13)), at)
    return _blend(image, mask, 255, float(rng.uniform(0.4, 0.65)))


def _watermark_tiled(image: Pixels, rng: Random, _style: Style) -> Pixels:
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for row in range(3):
        for column in range(3):
            at = (column / 3 + float(rng.uniform(0, 0.08)), row / 3 + float(rng.uniform(0.05, 0.2)))
            mask |= _text_mask((width, height), "(c) 2024", 0.06, at)
    return _blend(image, mask, float(rng.choice([0, 255])), float(rng.uniform(0.25, 0.45)))


def _watermark_logo(image: Pixels, rng: Random, _style: Style) -> Pixels:
    height, width = image.shape[:2]
    side = round(min(height, width) * rng.uniform(0.14, 0.2))
    mask = np.zeros((height, width), np.uint8)
    middle = (width - side, height - side) if rng.random() < 0.5 else (side, height - side)
    cv2.circle(mask, middle, side // 2, 255, -1)
    cv2.circle(mask, middle, side // 4, 0, -1)
    mask |= _text_mask((width, height), "example.org", 0.07, (0.05, float(rng.uniform(0.03, 0.1))))
    return _blend(image, mask, 255, float(rng.uniform(0.6, 0.9)))


def _padded(image: Pixels, share_x: float, share_y: float, colour: list[int]) -> Pixels:
    across, down = round(image.shape[1] * share_x), round(image.shape[0] * share_y)
    return np.asarray(
        cv2.copyMakeBorder(image, down, down, across, across, cv2.BORDER_CONSTANT, value=colour), dtype=np.uint8
    )


def _border(image: Pixels, rng: Random, style: Style) -> Pixels:
    share = style.amount(rng, 0.04, 0.03, 0.06)
    return _padded(image, share, share, [int(rng.choice([0, 255]))] * 3)


def _border_colour(image: Pixels, rng: Random, _style: Style) -> Pixels:
    share = float(rng.uniform(0.03, 0.06))
    return _padded(image, share, share, [int(value) for value in rng.integers(0, 256, 3)])


def _letterbox(image: Pixels, rng: Random, _style: Style) -> Pixels:
    return _padded(image, 0.0, float(rng.uniform(0.05, 0.1)), [0, 0, 0])


def _turn(image: Pixels, rng: Random, style: Style) -> tuple[npt.NDArray[np.float64], float]:
    height, width = image.shape[:2]
    angle = style.amount(rng, 2.0, 1.5, 2.5) * float(rng.choice([-1, 1]))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    return matrix.astype(np.float64), float(abs(np.deg2rad(angle)))


def _rotate2(image: Pixels, rng: Random, style: Style) -> Pixels:
    matrix, _ = _turn(image, rng, style)
    return np.asarray(cv2.warpAffine(image, matrix, image.shape[1::-1], flags=cv2.INTER_CUBIC), dtype=np.uint8)


def _rotate2_reflect(image: Pixels, rng: Random, style: Style) -> Pixels:
    matrix, _ = _turn(image, rng, style)
    turned = cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    return np.asarray(turned, dtype=np.uint8)


def _rotate2_inside(image: Pixels, rng: Random, style: Style) -> Pixels:
    matrix, radians = _turn(image, rng, style)
    turned = cv2.warpAffine(image, matrix, image.shape[1::-1])
    height, width = image.shape[:2]
    # a margin of (other side * sin) / 2 on every edge holds no corner that the turn left empty
    across, down = int(height * np.sin(radians) / 2) + 1, int(width * np.sin(radians) / 2) + 1
    return np.asarray(turned[down : height - down, across : width - across], dtype=np.uint8)


def _caption(image: Pixels, rng: Random, _style: Style) -> Pixels:
    height, width = image.shape[:2]
    bar = np.full((max(12, round(height * rng.uniform(0.07, 0.11))), width, 3), 255, np.uint8)
    mask = _text_mask((width, len(bar)), "a caption below the picture", 0.7, (0.03, 0.05))
    return np.concatenate([image, _blend(bar, mask, 0, 1.0)])


def _caption_inside(image: Pixels, rng: Random, _style: Style) -> Pixels:
    height, width = image.shape[:2]
    mask = _text_mask((width, height), "When the picture has words", float(rng.uniform(0.06, 0.09)), (0.04, 0.03))
    return _blend(image, mask, 255, 1.0)


_EDITS: dict[str, Edit] = {
    "half": _half,
    "upscale": _upscale,
    "q30": _same,
    "q10": _same,
    "crop10": _crop10,
    "brighter": _brighter,
    "grey": _grey,
    "watermark": _watermark_text,
    "border": _border,
    "rotate2": _rotate2,
    "crop": _crop,
    "darker": _darker,
    "contrast": _contrast,
    "gamma": _gamma,
    "saturation": _saturation,
    "noise": _noise,
    "blur_light": _blur_light,
    "caption": _caption,
    "png": _same,
    "webp": _same,
    "exif": _same,
    "flip": _flip,
}

COPY_KINDS = ("exact", *_EDITS)
"""Every kind of copy; ``exact`` is the same bytes under another name."""

STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style("default", "pillow", Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, (90, 94), "420", True),
        Style(
            "opencv",
            "opencv",
            cv2.INTER_AREA,
            cv2.INTER_CUBIC,
            (85, 96),
            "444",
            False,
            special={
                "crop": _crop_one_side,
                "brighter": _brighter_by_offset,
                "grey": _grey_by_mean,
                "watermark": _watermark_tiled,
                "border": _border_colour,
                "rotate2": _rotate2_reflect,
                "caption": _caption_inside,
            },
        ),
        Style(
            "web",
            "pillow",
            Image.Resampling.BOX,
            Image.Resampling.BILINEAR,
            (70, 85),
            "420",
            False,
            progressive=True,
            special={
                "crop": _crop_and_resize,
                "brighter": _brighter_by_value,
                "watermark": _watermark_logo,
                "border": _letterbox,
                "rotate2": _rotate2_inside,
            },
        ),
    )
}

_TURNED = {3: 2, 6: 1, 8: 3}
"""EXIF orientation to the quarter turns (counter-clockwise) of the stored pixels that it undoes."""


def make_copy(kind: str, image: Pixels, rng: Random, style: Style) -> tuple[bytes, Format]:
    """File bytes and suffix of a copy of ``kind`` (any but ``exact``)."""
    edited = (style.special.get(kind) or _EDITS[kind])(image, rng, style)
    quality = int(rng.integers(style.quality[0], style.quality[1] + 1))
    form: Format = "png" if kind == "png" else "webp" if kind == "webp" else "jpg"
    if kind == "q30":
        quality = round(style.amount(rng, 30, 25, 35))
    elif kind == "q10":
        quality = round(style.amount(rng, 10, 8, 14))
    elif kind == "exif":
        orientation = int(rng.choice(list(_TURNED)))
        return style.encode(np.rot90(edited, _TURNED[orientation]).copy(), quality, orientation=orientation), form
    return style.encode(edited, quality, form), form


def make_junk(kind: str, image: Pixels, rng: Random, style: Style) -> bytes:
    """JPEG bytes of a picture that nobody wants in a data set."""
    side = max(image.shape)
    if kind == "blurred":
        spoilt = cv2.GaussianBlur(image, (0, 0), side * rng.uniform(0.012, 0.025))
    elif kind == "motion":
        length = round(side * rng.uniform(0.06, 0.1)) | 1
        kernel = np.zeros((length, length), np.float32)
        angle, middle = rng.uniform(0, np.pi), length // 2
        reach = np.array([np.cos(angle), np.sin(angle)]) * middle
        start, end = np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int)
        cv2.line(kernel, start.tolist(), end.tolist(), 1.0)
        # a moving lens is never in perfect focus across the movement either
        spoilt = cv2.GaussianBlur(cv2.filter2D(image, -1, kernel / kernel.sum()), (0, 0), side * 0.005)
    elif kind == "dark":
        spoilt = _clip(image * np.float32(rng.uniform(3, 7) / max(1.0, float(image.mean()))))
    elif kind == "bright":
        spoilt = _clip(255 - (255 - image) * np.float32(rng.uniform(10, 24) / max(1.0, float(255 - image.mean()))))
    elif kind == "solid":
        spoilt = np.broadcast_to(rng.integers(30, 200, 3).astype(np.uint8), image.shape).copy()
    else:
        raise ValueError(f"no such junk: {kind}")
    return style.encode(np.asarray(spoilt, dtype=np.uint8), style.quality[1])


def make_broken(kind: str, image: Pixels, rng: Random, style: Style) -> bytes:
    """Bytes of a file named .jpg that no decoder can show in full."""
    if kind == "truncated":
        whole = style.encode(image, 90)
        return whole[: round(len(whole) * rng.uniform(0.25, 0.6))]
    return {"zeros": bytes(4096), "text": b"<html>404 Not Found</html>\n", "empty": b""}[kind]
