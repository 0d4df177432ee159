"""Films that tests make with PyAV, and the pictures in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from rfdedup.demo.planting import shipped_photos

av = pytest.importorskip("av", reason="needs the extra video")

U8 = npt.NDArray[np.uint8]
MILLISECOND = Fraction(1, 1000)


def photo(number: int, width: int = 320, height: int = 240) -> U8:
    with Image.open(shipped_photos()[number]) as opened:
        return np.asarray(opened.convert("RGB").resize((width, height)))


def moving_square(count: int, background: U8) -> Iterator[U8]:
    """A white square that goes from left to right."""
    height, width = background.shape[:2]
    for number in range(count):
        picture = background.copy()
        left = number * (width - 40) // max(count - 1, 1)
        picture[height // 3 : height // 3 + 40, left : left + 40] = 255
        yield picture


def write_film(
    path: Path,
    pictures: Iterable[U8],
    *,
    codec: str = "libx264",
    rate: int = 25,
    gop: int = 12,
    times: Sequence[int] | None = None,
    turned: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """Pictures of one size at a rate, or at ``times`` in milliseconds; ``turned`` degrees counterclockwise to show."""
    with av.open(str(path), "w") as container:
        stream: Any = None
        for number, picture in enumerate(pictures):
            if stream is None:
                stream = container.add_stream(codec, rate=rate, options=options or {})
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
                stream.codec_context.gop_size = gop
                if times is not None:
                    stream.codec_context.time_base = MILLISECOND
                if turned:
                    stream.set_display_rotation(turned)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, rate) if times is None else MILLISECOND
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def frames_of(path: Path) -> list[U8]:
    """All frames as FFmpeg gives them from the beginning to the end."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def as_ppm(pixels: U8) -> bytes:
    height, width = pixels.shape[:2]
    return b"P6\n%d %d\n255\n" % (width, height) + pixels.tobytes()
